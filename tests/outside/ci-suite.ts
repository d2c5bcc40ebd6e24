// A small client test suite for the CI recipe of the README, with the types that openapi-typescript generates from the
// contract. BROKEN names a defect of the client; the mock detects it, not this suite.
import createClient from 'openapi-fetch';
import type { paths } from './api.js';

declare const process: { env: Record<string, string | undefined> };
const baseUrl = process.env['LEADCONDUIT_URL'] ?? '';
const broken = process.env['BROKEN'] ?? '';

const client = (key: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Basic ${btoa(`API:${key}`)}` } });
const user = client('2f1d5f29915b866c7a2fa5de29613104');
const superuser = client('00000000000000000000000000000000000000aa');

// Read the user and the connections. With `no-auth`, the second request has no key.
await user.GET('/user');
await (broken === 'no-auth' ? createClient<paths>({ baseUrl }) : user).GET('/connections');
if (broken === 'wrong-path') await user.GET('/conections' as never);

// Start the onboarding of a buyer from its invitation.
const invitation_id = '64b8f0f5e4b0c3a1d5e6f7a8';
const body = broken === 'missing-field' ? ({ invitation: invitation_id } as never) : { invitation_id };
await user.POST('/onboards', { body });

// Repair a connection that LeadConduit missed.
const missing = '5d9a4c421d011c553e000004';
const connection_id = broken === 'wrong-type' ? (42 as never) : missing;
await superuser.POST('/connections', { body: { connection_id } });

// A connection of another account: 422. A correct client accepts that; a broken one retries.
const foreign = '5d9a4c421d011c553e0000fe';
for (let attempt = 0; attempt < 3; attempt += 1) {
  const result = await superuser.POST('/connections', { body: { connection_id: foreign } });
  if (result.response.status !== 422 || broken !== 'ignored-422') break;
}
await user.GET('/connections');
