// The small client suite of the README's recipe: what an SDK's tests do, in the types that openapi-typescript makes of
// the contract. BROKEN names a mistake that the client makes; the mock, not this suite, is what notices it.
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

declare const process: { env: Record<string, string | undefined> };
const baseUrl = process.env['LEADCONDUIT_URL'] ?? '';
const broken = process.env['BROKEN'] ?? '';

const client = (key: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Basic ${btoa(`API:${key}`)}` } });
const user = client('2f1d5f29915b866c7a2fa5de29613104');
const superuser = client('00000000000000000000000000000000000000aa');

// Who am I, and whom am I connected to? A client without its key asks all the same.
await user.GET('/user');
await (broken === 'no-auth' ? createClient<paths>({ baseUrl }) : user).GET('/connections');
if (broken === 'wrong-path') await user.GET('/conections' as never);

// A buyer's set-up is begun from its invitation.
const invitation_id = '64b8f0f5e4b0c3a1d5e6f7a8';
const body = broken === 'missing-field' ? ({ invitation: invitation_id } as never) : { invitation_id };
await user.POST('/onboards', { body });

// A connection that LeadConduit missed is repaired.
const missed = '5d9a4c421d011c553e000004';
const connection_id = broken === 'wrong-type' ? (42 as never) : missed;
await superuser.POST('/connections', { body: { connection_id } });

// Another one is not the account's: 422. A good client takes that for an answer; a bad one tries again and again.
const strange = '5d9a4c421d011c553e0000fe';
for (let attempt = 0; attempt < 3; attempt += 1) {
  const reply = await superuser.POST('/connections', { body: { connection_id: strange } });
  if (reply.response.status !== 422 || broken !== 'ignored-422') break;
}
await user.GET('/connections');
