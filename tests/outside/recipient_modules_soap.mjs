// Calls a SOAP service of generated leads through the mock and through the vendor's published package, and compares each
// call and what became of the response. The package is executed as it is published; nothing of it is copied.
import { spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Choices, exit, report } from './comparison.mjs';

const require = createRequire(import.meta.url);
const { soap } = require('leadconduit-custom').outbound;
const flat = createRequire(require.resolve('leadconduit-custom'))('flat');
for (const name of ['warn', 'error']) console[name] = () => {};
const [binary, folder] = process.argv.slice(2);
const count = Number(process.env.CASES ?? 100);
const source = '5d9a4b10940df5a34a3888c1';
const key = Buffer.from('API:2f1d5f29915b866c7a2fa5de29613104').toString('base64');

const choices = new Choices(Number(process.env.SEED ?? 1) * 7919);
const pick = (list) => choices.pick(list);
const chance = (percent) => choices.chance(percent);

function wsdl(one) {
  const { prefix, form, style, hasAction, port } = one.service;
  const element = (name, type, more = '') => `<xsd:element name="${name}" type="${type}"${more}/>`;
  const fields = element('key', 'xsd:string') + element('doc', 'xsd:string') + element('count', 'xsd:int') + element('person', `${prefix}:Person`) + element('tag', 'xsd:string', ' maxOccurs="unbounded"');
  const outputs = element('Result', 'xsd:string') + element('Bid', 'xsd:decimal') + element('Ok', 'xsd:boolean') + element('Note', 'xsd:string', ' maxOccurs="unbounded"') + element('Person', `${prefix}:Person`);
  const inner = (name, content) => `<xsd:element name="${name}"><xsd:complexType><xsd:sequence>${content}</xsd:sequence></xsd:complexType></xsd:element>`;
  const part = (name, type) => (style === 'rpc' ? `<part name="${name}" type="${type}"/>` : '');
  const input = style === 'rpc' ? part('key', 'xsd:string') + part('doc', 'xsd:string') + part('count', 'xsd:int') + part('person', `${prefix}:Person`) + part('tag', 'xsd:string') : `<part name="parameters" element="${prefix}:AddLead"/>`;
  const output = style === 'rpc' ? part('Result', 'xsd:string') + part('Bid', 'xsd:decimal') : `<part name="parameters" element="${prefix}:AddLeadResponse"/>`;
  return `<?xml version="1.0"?>
<definitions name="L" targetNamespace="urn:leads" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:${prefix}="urn:leads" xmlns:other="urn:other" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<types><xsd:schema targetNamespace="urn:leads"${form ? ` elementFormDefault="${form}"` : ''}>
${inner('AddLead', fields)}<xsd:complexType name="Person"><xsd:sequence>${element('first', 'xsd:string')}${element('age', 'xsd:int')}</xsd:sequence></xsd:complexType>${inner('AddLeadResponse', outputs)}
</xsd:schema></types>
<message name="In">${input}</message><message name="Out">${output}</message>
<portType name="P"><operation name="AddLead"><input message="${prefix}:In"/><output message="${prefix}:Out"/></operation></portType>
<binding name="B" type="${prefix}:P"><soap:binding${style ? ` style="${style}"` : ''} transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="AddLead">${hasAction ? '<soap:operation soapAction="urn:leads/AddLead"/>' : ''}<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
<service name="S"><port name="${port}" binding="${prefix}:B"><soap:address location="http://${host}/c/${one.id}/service"/></port></service></definitions>`;
}

const texts = ['1', 'abc', 'a b', '<b>&amp;</b>', 'x&y', '"quoted"', "it's", 'Łódź', '日本', '<![CDATA[<raw>]]>', 'line\nbreak'];
function mappings() {
  const pairs = [['function', chance(80) ? 'AddLead' : pick(['S.Port.AddLead', 'DropLead', 'a-b', 'S'])]];
  const add = (percent, name, make) => { if (chance(percent)) pairs.push([name, make()]); };
  add(80, 'arg.key', () => pick(texts));
  if (chance(35)) { add(90, 'arg.doc.lead.first', () => pick(texts.filter((text) => !/raw/.test(text)))); add(50, 'arg.doc.lead.note@id', () => 'n1'); } else add(50, 'arg.doc', () => pick(texts));
  add(40, 'arg.count', () => pick([7, 2.5, '12', 0]));
  if (chance(40)) { add(80, 'arg.person.first', () => pick(texts)); add(60, 'arg.person.age', () => pick([41, '41'])); }
  if (chance(30)) pairs.push(['arg.tag.0', pick(texts)], ['arg.tag.1', pick(texts)]);
  add(15, 'arg.unknown', () => pick(texts));
  add(25, 'version', () => pick(['1.1', '1.2', ' 1.2 ', '2', '']));
  if (chance(20)) pairs.push(['basic_username', 'amy'], ['basic_password', pick(['pw', 'p:é'])]);
  else add(15, 'bearer_token', () => 'token');
  if (chance(20)) pairs.push(['soap_header.Auth.user', pick(['amy', 'a<b'])], ['soap_header.Auth@xmlns', 'urn:auth'], ['soap_header.Trace', 't']);
  if (chance(10)) pairs.push(['root_namespace_prefix', 'x'], ['root_xmlns_attribute_name', 'xmlns:x'], ['root_xmlns_attribute_value', 'urn:x']);
  add(60, 'outcome_search_term', () => pick(['accepted', '^ok$', '3', '(', 'true', '']));
  add(55, 'outcome_search_path', () => pick(['Result', 'Result.reply.status', 'Bid', 'Note[0]', 'Person.first', 'Ok', 'None', ' ']));
  add(30, 'outcome_on_match', () => pick(['success', 'failure', 'error', 'Success']));
  add(50, 'reason_path', () => pick(['Result', 'Note', 'Result.reply.why', 'Person', 'None']));
  add(40, 'price_path', () => pick(['Bid', 'Result.reply.bid', 'None']));
  add(30, 'reference_path', () => pick(['Result', 'Person.age', 'None']));
  add(30, 'default_reason', () => pick(['not taken', ' spaced ']));
  return pairs;
}

const escape = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');
function response() {
  const inner = pick(['Accepted', 'ok', 'zip closed', '<reply><status>Accepted</status><bid>3.5</bid><why>none</why></reply>', '<a>x</a><b/>', 'a < b > c', '']);
  const notes = ['', '<Note>n1</Note>', '<Note>n1</Note><Note>b</Note>'];
  const fields = `<Result>${chance(20) ? `<![CDATA[${inner}]]>` : escape(inner)}</Result><Bid>${pick(['3', '2.50', '0', ''])}</Bid><Ok>${pick(['true', '0'])}</Ok>${pick(notes)}${chance(40) ? '<Person><first>Ann</first><age>41</age></Person>' : ''}`;
  const body = pick([fields, fields, fields, fields, '']);
  const envelope = (content) => `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${content}</soap:Body></soap:Envelope>`;
  const good = envelope(`<AddLeadResponse xmlns="urn:leads">${body}</AddLeadResponse>`);
  const faults = ['<faultcode>soap:Client</faultcode><faultstring>Bad key</faultstring>', '<faultcode>soap:Server</faultcode>', '<faultcode>a</faultcode><faultstring/>'];
  if (chance(15)) return { status: pick([200, 500]), body: envelope(`<soap:Fault>${pick(faults)}</soap:Fault>`) };
  if (chance(8)) return { status: pick([200, 500]), body: pick(['', envelope('')]) };
  return { status: pick([200, 200, 200, 500]), body: chance(20) ? `<?xml version="1.0"?>\n<!-- c -->${good}` : good };
}

const cases = new Map();
const received = new Map();
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const [, id, rest] = /^\/c\/([^/?]*)(.*)$/.exec(request.url);
    const one = cases.get(id);
    received.set(id, [...(received.get(id) ?? []), { method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() }]);
    if (rest.startsWith('/service')) {
      response.writeHead(one.response.status, { 'Content-Type': 'text/xml' });
      response.end(one.response.body);
    } else response.end(wsdl(one));
  });
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const host = `127.0.0.1:${server.address().port}`;
for (let index = 0; index < count; index += 1) {
  const id = `soap-${index}`;
  const service = { prefix: pick(['tns', 'tns', 'ns0', 'l']), form: pick(['qualified', 'qualified', 'unqualified', '']), style: pick(['document', 'document', '', 'rpc']), hasAction: chance(85), port: 'Port' };
  cases.set(id, { id, flow: `6604${String(index).padStart(8, '0')}5a34a38a0c9f`, service, response: response(), pairs: [['url', `http://${host}/c/${id}?wsdl`], ...mappings()] });
}
const at = { created_at: '2024-08-07T00:00:00.000Z', updated_at: '2024-08-07T00:00:00.000Z' };
const flows = [...cases.values()].map((one) => ({
  id: one.flow, name: one.id, enabled: true, fields: ['state'],
  sources: [{ id: 'aa0001', enabled: true, entity: { id: source, name: 'Summit Lead Partners' }, integration: { module_id: 'leadconduit-default.inbound' } }],
  steps: [{ id: 'bb0001', type: 'recipient', entity: { id: '64b8f2a0940df5a34a3888c2', name: 'Brightpath Insurance' }, integration: { module_id: 'leadconduit-custom.outbound.soap', mappings: one.pairs.map(([property, value]) => ({ property, value })) } }],
  ...at,
}));
writeFileSync(`${folder}/own.yaml`, JSON.stringify({ version: 1, name: 'own', description: 'Calls.', extends: 'healthy', clock: '2026-05-01T12:00:00Z', world: { accounts: [{ account: { id: '5fd4371e940df5a34a3888b2' }, flows }] } }));
const mock = spawn(binary, ['serve', '--port', '0', '--scenarios', folder, '--scenario', 'own', '--deliver', '--deliver-retries', '0'], { stdio: ['ignore', 'pipe', openSync(`${folder}/log`, 'w')], env: { ...process.env, LEADCONDUIT_MOCK_LOG: 'error' } });
const base = await new Promise((resolve, reject) => {
  let output = '';
  mock.stdout.on('data', (chunk) => { output += chunk; const found = /^listening on (.*)$/m.exec(output); if (found) resolve(found[1]); });
  mock.on('exit', (code) => reject(new Error(`the mock ended with ${code}: ${readFileSync(`${folder}/log`)}`)));
});
async function call(method, path, body) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: `Basic ${key}` };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}
const taken = (id) => { const list = received.get(id) ?? []; received.delete(id); return list; };

async function expectedOf(one) {
  const vars = flat.unflatten(Object.fromEntries(one.pairs));
  const skipped = soap.validate(vars);
  if (skipped) return { outcome: 'skip', reason: skipped, calls: [] };
  const result = await new Promise((resolve) => {
    const timer = setTimeout(() => resolve({ thrown: 'none' }), 5000);
    const done = (value) => { clearTimeout(timer); resolve(value); };
    process.once('uncaughtException', (error) => done({ thrown: error.message }));
    soap.handle(vars, (error, event) => done(error ? { thrown: error.message ?? String(error) } : { event }));
  });
  process.removeAllListeners('uncaughtException');
  const calls = taken(one.id);
  if (!result.event) return { outcome: 'error', thrown: result.thrown, calls };
  const { outcome, reason, price, ...appended } = JSON.parse(JSON.stringify(result.event));
  return { outcome, reason: reason ?? '', price: Number(price), appended, calls };
}
async function foundOf(one) {
  const result = await call('POST', `/flows/${one.flow}/sources/${source}/submit`, { state: 'TX' });
  const event = (await call('GET', `/events?lead_id=${result.lead.id}`)).find(({ type }) => type === 'recipient');
  const { outcome, reason, price, ...appended } = event.outbound ?? {};
  return { outcome: event.outcome, reason: event.reason ?? '', price: Number(price), appended, calls: taken(one.id) };
}
const sorted = (value) => (Array.isArray(value) ? value.map(sorted) : value && typeof value === 'object' ? Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])])) : value);
const own = ['host', 'x-mock-outbound', 'content-length', 'connection'];
const wire = (calls) => calls.map(({ method, url, headers, body }) => ({ method, url, body, headers: sorted(Object.fromEntries(Object.entries(headers).filter(([name]) => !own.includes(name)))) }));
let sent = 0;
try {
  const differences = { request: [], response: [] };
  for (const one of cases.values()) {
    const expected = await expectedOf(one);
    const found = await foundOf(one);
    if (expected.calls.length > 1) sent += 1;
    const [a, b] = [JSON.stringify(wire(expected.calls)), JSON.stringify(wire(found.calls))];
    if (a !== b) differences.request.push(`${one.id}\n  package ${a}\n  mock    ${b}\n  ${found.reason}`);
    const shape = ({ outcome, reason, price, appended }) => JSON.stringify(sorted({ outcome, reason: String(reason), price: price || 0, appended: appended ?? {} }));
    const isSame = expected.thrown !== undefined ? found.outcome === 'error' : shape(expected) === shape(found) || (expected.outcome === 'skip' && found.outcome === 'skip' && found.reason === expected.reason);
    if (!isSame) differences.response.push(`${one.id}\n  package ${expected.thrown ?? shape(expected)}\n  mock    ${shape(found)}\n  ${JSON.stringify(one.pairs)} ${JSON.stringify(one.response)}`);
  }
  for (const part of ['request', 'response']) {
    const isOk = sent >= count / 2 && differences[part].length === 0;
    const shown = differences[part].slice(0, Number(process.env.SHOWN ?? 5));
    report(isOk, `soap: ${part}s of ${count} cases (${sent} called), ${differences[part].length} differences`, shown);
  }
} finally {
  mock.removeAllListeners('exit');
  mock.kill();
  server.close();
}
exit();
