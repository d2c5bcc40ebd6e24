// Typical calls of an application, with the types that openapi-typescript generates.
import createClient from 'openapi-fetch';
import type { components, operations, paths } from './api.js';

declare const process: { argv: string[]; exit(code: number): never };
const [, , healthy = '', outage = ''] = process.argv;

const client = (baseUrl: string, key: string) =>
  createClient<paths>({ baseUrl, headers: { Authorization: `Basic ${btoa(`API:${key}`)}` } });
const user = client(healthy, '2f1d5f29915b866c7a2fa5de29613104');
const superuser = client(healthy, '00000000000000000000000000000000000000aa');
const inOutage = client(outage, '2f1d5f29915b866c7a2fa5de29613104');

let failed = 0;
function check(name: string, good: boolean, seen: unknown = undefined): void {
  if (good) console.log(`ok client: ${name}`);
  else {
    failed += 1;
    console.log(`FAILED client: ${name}: ${JSON.stringify(seen)}`);
  }
}

// Connections: the list, a single one, and the repair of one that LeadConduit missed.
const connections = await user.GET('/connections');
const entries: components['schemas']['ConnectionListEntry'][] = connections.data ?? [];
check('three connections', entries.length === 3, connections);
check('nothing is degraded', !connections.response.headers.has('X-Connections-Degraded'));
const sellers = await user.GET('/connections', { params: { query: { relationship_type: 'seller' } } });
check('the filter', sellers.data?.every((entry) => entry.relationship_type === 'seller') ?? false, sellers);
const missed = entries.find((entry) => entry.status === 'sso_only')?.id ?? '';
const forbidden = await user.POST('/connections', { body: { connection_id: missed } });
check('only superusers repair', forbidden.response.status === 401 && forbidden.error?.error !== undefined, forbidden);
const repaired = await superuser.POST('/connections', { body: { connection_id: missed } });
check('a repair', repaired.response.status === 201 && repaired.data?.id === missed, repaired);
const again = await superuser.POST('/connections', { body: { connection_id: missed } });
check('a second repair', again.response.status === 409 && typeof again.error?.error === 'string', again);
const one = await user.GET('/connections/{id}', { params: { path: { id: missed } } });
check('the repaired connection', one.data?.connected_account?.name === 'Evergreen Media', one);

// A credential, from creation to deletion.
const input: components['schemas']['CredentialInput'] = { name: 'CRM', type: 'token', package: 'leadconduit-salesforce', token: 'one' };
const created = await user.POST('/credentials', { body: input });
const id = created.data?.id ?? '';
check('a credential is created', created.response.status === 201 && /^[0-9a-f]{24}$/.test(id), created);
const read = await user.GET('/credentials/{id}', { params: { path: { id } } });
check('it is read', read.data?.token === 'one' && read.data.created_at === created.data?.created_at, read);
const replaced = await user.PUT('/credentials/{id}', { params: { path: { id } }, body: { ...input, token: 'two' } });
check('it is replaced', replaced.data?.token === 'two' && replaced.data.id === id, replaced);
const listed = await user.GET('/credentials');
check('it is listed', listed.data?.some((credential) => credential.id === id) ?? false, listed);
const removed = await user.DELETE('/credentials/{id}', { params: { path: { id } } });
check('it is deleted', removed.data?.id === id, removed);
const gone = await user.GET('/credentials/{id}', { params: { path: { id } } });
check('it is gone', gone.response.status === 404 && gone.error !== undefined, gone);

// The set-up of a buyer.
const invitation_id = '64b8f0f5e4b0c3a1d5e6f7a8';
const onboard = await user.POST('/onboards', { body: { invitation_id } });
check('an onboard', onboard.data?.status === 'created', onboard);
const path = { id: onboard.data?.id ?? '' };
const flow_id = '64b8f0f5e4b0c3a1d5e6f7ab';
const begun = await user.PUT('/onboards/{id}', { params: { path }, body: { invitation_id, flow_id, status: 'in_progress' } });
check('it goes on', begun.data?.flow_id === flow_id, begun);
const done = await user.PUT('/onboards/{id}', { params: { path }, body: { invitation_id, status: 'completed' } });
check('it is completed', done.data?.status === 'completed', done);
const twice = await user.POST('/onboard/buyer', { body: { invitation_id } });
check('nothing is set up twice', twice.response.status === 409, twice);

// A submission: a client that speaks JSON gets an object, not a union with text.
const lead = await user.POST('/flows/{flow_id}/sources/{source_id}/submit', {
  params: { path: { flow_id, source_id: '5d9a4b10940df5a34a3888c1' } },
  body: { first_name: 'Ann', state: 'TX' },
});
const result: components['schemas']['LeadResult'] | undefined = lead.data;
check('a lead is submitted', lead.response.status === 201 && result?.outcome === 'success' && result.price === 12, lead);

// Without the single-sign-on service.
const degraded = await inOutage.GET('/connections');
check('the degraded list', degraded.response.headers.get('X-Connections-Degraded') === 'true' && degraded.data?.length === 2, degraded);
const sync = await inOutage.POST('/account_sso_sync');
check('no sync', sync.response.status === 503 && typeof sync.error?.error === 'string', sync);

// The types express the contract: each line below would break it, and must not compile.
export async function neverCalled(): Promise<void> {
  // @ts-expect-error unknown relationship
  await user.GET('/connections', { params: { query: { relationship_type: 'friend' } } });
  // @ts-expect-error a repair needs an id
  await user.POST('/connections', { body: {} });
  // @ts-expect-error connections cannot be deleted
  await user.DELETE('/connections/{id}', { params: { path: { id } } });
  // @ts-expect-error unknown path
  await user.GET('/connection');
  // @ts-expect-error a flag of a user is true or false
  await user.PUT('/user/{id}', { params: { path: { id } }, body: { ui_state: { has_seen_free_account_modal: 'yes' } } });
}
type Degraded = operations['list_connections']['responses'][200]['headers']['X-Connections-Degraded'];
const header: Degraded = 'true';
check('the header is typed', header === 'true');

process.exit(failed > 0 ? 1 : 0);
