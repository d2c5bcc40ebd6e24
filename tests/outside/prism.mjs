// Sends a story over all operations through Prism, which answers with a problem of its own where request or reply
// breaks the contract. As `mock`, Prism answers alone, which shows that it can read the contract and its examples.
const [mode, base, operations] = process.argv.slice(2);
const USER = '2f1d5f29915b866c7a2fa5de29613104';
const SUPERUSER = '00000000000000000000000000000000000000aa';
const INVITATION = '64b8f0f5e4b0c3a1d5e6f7a8';
const BUYER = '5d9a4c421d011c553e000002';
const FLOW = '64b8f0f5e4b0c3a1d5e6f7ab';

const credential = { name: 'Warehouse', type: 'user', package: 'leadconduit-default', username: 'jane', password: 'secret' };
const settings = { notifications: { submission_doc_updates: { enabled: true } } };
const known = {};
const keep = (name) => (body) => { known[name] = body.id ?? body.entity?.id; };

// Method, path, expected status; then the body, what to do with the reply, and the key.
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

let failed = 0;
const met = new Set();
for (const [number, [method, where, expected, body, use, key = USER]] of story.entries()) {
  // Alone, Prism knows no ids but those of the examples.
  for (const name of mode === 'mock' ? ['user', 'credential', 'onboard', 'seller', 'buyer'] : []) known[name] = INVITATION;
  const path = typeof where === 'function' ? where() : where;
  if (mode === 'mock' && [expected].flat()[0] >= 400) continue;
  const headers = { authorization: `Basic ${btoa(`API:${key}`)}`, accept: 'application/json' };
  if (body !== undefined) headers['content-type'] = 'application/json';
  const reply = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await reply.text();
  met.add(reply.headers.get('x-mock-operation'));
  const right = mode === 'mock' ? reply.ok : [expected].flat().includes(reply.status);
  const complaint = reply.headers.get('sl-violations');
  const name = `prism ${mode} ${number + 1}: ${method} ${path} gives ${reply.status}`;
  if (right && complaint === null) {
    console.log(`ok ${name}`);
    use?.(JSON.parse(text));
  } else {
    failed += 1;
    console.log(`${complaint ?? ''}\n${text}\nFAILED ${name}, not ${expected}`);
  }
}
if (mode === 'proxy') {
  const missing = operations.split(',').filter((operation) => !met.has(operation));
  if (missing.length === 0) console.log('ok prism proxy: the story is over all operations');
  else {
    failed += 1;
    console.log(`FAILED prism proxy: the story lacks ${missing.join(', ')}; add them to prism.mjs`);
  }
}
process.exit(failed > 0 ? 1 : 0);
