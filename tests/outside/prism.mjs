// Sends a sequence of calls through Prism, and then one call of every operation that the sequence did not reach, built
// from the contract's examples. Prism returns its own problem when request or response breaks the contract. As `mock`,
// Prism responds without the server, which shows that it can read the contract and its examples.
import { readFileSync } from 'node:fs';

const [mode, base, contract] = process.argv.slice(2);
const api = JSON.parse(readFileSync(contract, 'utf8'));
const USER = '2f1d5f29915b866c7a2fa5de29613104';
const SUPERUSER = '00000000000000000000000000000000000000aa';
const INVITATION = '64b8f0f5e4b0c3a1d5e6f7a8';
const BUYER = '5d9a4c421d011c553e000002';
const FLOW = '64b8f0f5e4b0c3a1d5e6f7ab';

const credential = { name: 'Warehouse', type: 'user', package: 'leadconduit-default', username: 'jane', password: 'secret' };
const settings = { notifications: { submission_doc_updates: { enabled: true } } };
const known = {};
const keep = (name) => (body) => { known[name] = body.id ?? body.entity?.id; };

// Method, path, expected status; then the body, a function of the response, and the key.
const story = [
  ['GET', '/account', 200],
  ['PUT', '/account', 200, { data_retention_in_days: 90 }],
  ['PUT', '/account', 200, { features: { firehose: true } }],
  ['POST', '/account_sso_sync', 200],
  ['POST', '/account_sso_sync', 200, {}],
  ['GET', '/user', 200, undefined, keep('user')],
  ['PUT', () => `/user/${known.user}`, 200, { ui_state: { has_seen_free_account_modal: true } }],
  ['PUT', () => `/user/${known.user}`, 200, { ui_state: { has_seen_free_account_modal: false } }],
  ['POST', '/user_settings', [201, 409], settings, undefined, SUPERUSER],
  ['POST', '/user_settings', [201, 409], settings],
  ['GET', () => `/user_settings/${known.user}`, 200],
  ['PUT', () => `/user_settings/${known.user}`, 200, { notifications: {} }],
  ['GET', '/credentials', 200],
  ['POST', '/credentials', 201, credential, keep('credential')],
  ['GET', () => `/credentials/${known.credential}`, 200],
  ['PUT', () => `/credentials/${known.credential}`, 200, { name: 'Token', type: 'token', package: 'leadconduit-default', token: 't' }],
  ['DELETE', () => `/credentials/${known.credential}`, 200],
  ['GET', () => `/credentials/${known.credential}`, 404],
  ['GET', '/connections', 200],
  ['GET', '/connections?relationship_type=buyer', 200],
  ['POST', '/connections', 401, { connection_id: '5d9a4c421d011c553e000004' }],
  ['POST', '/connections', 201, { connection_id: '5d9a4c421d011c553e000004' }, undefined, SUPERUSER],
  ['POST', '/connections', 409, { connection_id: '5d9a4c421d011c553e000004' }, undefined, SUPERUSER],
  ['POST', '/connections', 422, { connection_id: '5d9a4c421d011c553e0000fe' }, undefined, SUPERUSER],
  ['GET', `/connections/${BUYER}`, 200],
  ['GET', '/onboards', 200],
  ['POST', '/onboards', 201, { invitation_id: INVITATION }, keep('onboard')],
  ['PUT', () => `/onboards/${known.onboard}`, 200, { invitation_id: INVITATION, flow_id: FLOW, status: 'in_progress' }],
  ['POST', '/onboard/buyer', 200, { connection_id: BUYER, flow_id: FLOW }],
  ['POST', '/onboard/buyer', 409, { connection_id: BUYER }],
  ['POST', '/invitations/source', 201, { email: 'seller@example.com' }, keep('seller')],
  ['POST', '/invitations/source', 200, { email: 'seller@example.com' }],
  ['POST', '/invitations/recipient', 201, { email: 'buyer@example.com' }, keep('buyer')],
  ['PUT', () => `/invitations/${known.seller}/resend`, 200],
  ['PUT', () => `/invitations/${known.buyer}/resend`, 200],
  ['GET', '/account', 401, undefined, undefined, 'nobody'],
];

const follow = (value) => (value?.$ref ? follow(value.$ref.slice(2).split('/').reduce((at, name) => at[name.replaceAll('~1', '/')], api)) : value);
const shown = (holder) => {
  const named = Object.values(holder.examples ?? {}).map((example) => follow(example)?.value ?? example);
  const schema = follow(holder.schema) ?? {};
  return [holder.example, ...named, schema.example, ...(schema.examples ?? [])].find((value) => value !== undefined);
};

// A call of an operation, built from its examples.
function example(path, method, item, operation) {
  const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(follow);
  const query = new URLSearchParams();
  // These two operations need optional parameters: feedback without a body needs its type in the query, and a check of
  // a bucket needs its keys.
  const more = { submit_feedback_by_get: ['type'], test_firehose: ['access_key_id', 'secret_access_key'] };
  const needed = ({ required, name }) => required || (more[operation.operationId] ?? []).includes(name);
  for (const parameter of parameters) {
    const value = shown(parameter);
    if (parameter.in === 'path') path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (needed(parameter)) for (const one of [value].flat()) query.append(parameter.name, typeof one === 'object' ? JSON.stringify(one) : one);
  }
  const content = follow(operation.requestBody)?.content?.['application/json'];
  const expected = Object.keys(operation.responses).filter((status) => status.startsWith('2')).map(Number);
  const key = operation['x-superuser'] ? SUPERUSER : USER;
  return [method.toUpperCase(), query.size ? `${path}?${query}` : path, expected, content && shown(content), undefined, key, operation.operationId];
}
const examples = Object.entries(api.paths).flatMap(([path, item]) =>
  ['get', 'post', 'put', 'delete'].filter((method) => item[method]).map((method) => example(path, method, item, item[method])));

let failed = 0;
const met = new Set();
for (const [number, [method, where, expected, body, use, key = USER, own]] of [...story, ...examples].entries()) {
  if (own && met.has(own)) continue;
  // As a mock, Prism knows only the ids of the examples.
  for (const name of mode === 'mock' ? ['user', 'credential', 'onboard', 'seller', 'buyer'] : []) known[name] = INVITATION;
  const path = typeof where === 'function' ? where() : where;
  if (mode === 'mock' && [expected].flat()[0] >= 400) continue;
  const headers = { authorization: `Basic ${btoa(`API:${key}`)}`, accept: own === 'download_export' ? 'text/csv' : 'application/json' };
  // Each example has its own sandbox, because one may delete what another reads.
  if (own) headers['x-mock-sandbox'] = own;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const reply = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await reply.text();
  met.add(reply.headers.get('x-mock-operation'));
  const right = mode === 'mock' ? reply.ok : [expected].flat().includes(reply.status);
  const complaint = reply.headers.get('sl-violations');
  const name = `prism ${mode} ${number + 1}: ${method} ${path} gives ${reply.status}`;
  if (right && complaint === null) {
    console.log(`ok ${name}`);
    use?.(text && JSON.parse(text));
  } else {
    failed += 1;
    console.log(`${complaint ?? ''}\n${text}\nFAILED ${name}, not ${expected}`);
  }
}
if (mode === 'proxy') {
  const missing = examples.map((call) => call.at(-1)).filter((operation) => !met.has(operation));
  if (missing.length === 0) console.log('ok prism proxy: all operations were called');
  else {
    failed += 1;
    console.log(`FAILED prism proxy: nothing reached ${missing.join(', ')}`);
  }
}
process.exit(failed > 0 ? 1 : 0);
