// Delivers generated leads through the custom recipient modules of the mock to a server, and compares each request, and
// what the mock made of each response, with the vendor's published package. It is executed as it is published; nothing
// of it is copied.
import { spawn } from 'node:child_process';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { exit, report } from './comparison.mjs';
import { generate } from './recipient_modules_inputs.mjs';

const require = createRequire(import.meta.url);
const modules = require('leadconduit-custom').outbound;
// The package's own copy: the platform makes objects and lists of dotted mappings in the same way.
const flat = createRequire(require.resolve('leadconduit-custom'))('flat');
const types = require('leadconduit-types');
// The XML library of the package prints what it repairs.
for (const name of ['warn', 'error']) console[name] = () => {};

const [binary, folder] = process.argv.slice(2);
const seed = Number(process.env.SEED ?? 1);
const count = Number(process.env.CASES ?? 100);
const shown = Number(process.env.SHOWN ?? 5);
const variants = ['form', 'json', 'query', 'xml'];
const source = '5d9a4b10940df5a34a3888c1';
const key = Buffer.from('API:2f1d5f29915b866c7a2fa5de29613104').toString('base64');

const fieldTypes = { first_name: 'string', last_name: 'string', email: 'email', phone_1: 'phone', state: 'state', city: 'city', dob: 'dob', annual_salary: 'number', citizen: 'boolean', comments: 'string' };
const declared = { send_ascii: 'boolean', encode_form_field_names: 'boolean', fallback_price: 'number' };

// Differences with a reason, by class: never by case. docs/src/reference/recipient-modules.md lists them too.
const mapped = (one, name) => one.pairs.find(([property]) => property === name)?.[1] ?? '';
const paths = (one) => ['outcome_search_path', 'reason_path', 'price_path', 'reference_path'].map((name) => mapped(one, name));
const isXml = (one) => /xml/.test(mapped(one, 'response_content_type_override') || one.contentType);
const allowed = [
  {
    name: 'XML that is not well-formed: the vendor\'s parser repairs it for paths, the mock finds nothing in it',
    matches: (one) => isXml(one) && one.part === 'response' && !isWellFormed(one.response.body) && paths(one).some((path) => path !== ''),
  },
];
const { DOMParser } = createRequire(createRequire(require.resolve('leadconduit-custom')).resolve('mime-content'))('@xmldom/xmldom');
function isWellFormed(text) {
  let isFine = true;
  const bad = () => { isFine = false; };
  try {
    new DOMParser({ errorHandler: { warning: bad, error: bad, fatalError: bad } }).parseFromString(text, 'text/xml');
  } catch {
    return false;
  }
  return isFine && /^\s*(<\?xml.*?\?>)?\s*(<!--.*?-->\s*)*<[^<]/s.test(text);
}

const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.keys(value).sort().map((name) => [name, sorted(value[name])]));
};
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

// The cases, with a flow each.
const received = new Map();
const server = createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const id = /^\/c\/([^?]*)/.exec(request.url)[1];
    const list = received.get(id) ?? [];
    list.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() });
    received.set(id, list);
    const { status, headers, body } = cases.get(id).response;
    response.writeHead(status, headers.flat());
    response.end(body);
  });
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const host = `127.0.0.1:${server.address().port}`;
const cases = new Map();
variants.forEach((variant, at) => {
  generate(seed * 100 + at, variant, count).forEach((one, index) => {
    const id = `${variant}-${index}`;
    const flow = `66${String(at).padStart(2, '0')}${String(index).padStart(8, '0')}5a34a38a0c9f`.slice(0, 24);
    const contentType = one.response.headers.find(([name]) => name === 'Content-Type')?.[1] ?? '';
    cases.set(id, { ...one, id, variant, flow, contentType, pairs: [...one.mappings(`http://${host}/c/${id}`), ...one.response.pairs] });
  });
});
const at = { created_at: '2024-08-07T00:00:00.000Z', updated_at: '2024-08-07T00:00:00.000Z' };
const flows = [...cases.values()].map((one) => ({
  id: one.flow,
  name: one.id,
  enabled: true,
  fields: Object.keys(fieldTypes),
  sources: [{ id: 'aa0001', enabled: true, entity: { id: source, name: 'Summit Lead Partners' }, integration: { module_id: 'leadconduit-default.inbound' } }],
  steps: [{
    id: 'bb0001',
    type: 'recipient',
    entity: { id: '64b8f2a0940df5a34a3888c2', name: 'Brightpath Insurance' },
    integration: {
      module_id: `leadconduit-custom.outbound.${one.variant}`,
      mappings: one.pairs.map(([property, value]) => ({ property, value })),
    },
  }],
  ...at,
}));
const scenario = {
  version: 1,
  name: 'own',
  description: 'Deliveries.',
  extends: 'healthy',
  clock: '2026-05-01T12:00:00Z',
  world: { accounts: [{ account: { id: '5fd4371e940df5a34a3888b2' }, flows }] },
};
writeFileSync(`${folder}/own.yaml`, JSON.stringify(scenario));

// The mock.
const mock = spawn(binary, ['serve', '--port', '0', '--scenarios', folder, '--scenario', 'own', '--deliver', '--deliver-retries', '0'], { stdio: ['ignore', 'pipe', openSync(`${folder}/log`, 'w')], env: { ...process.env, LEADCONDUIT_MOCK_LOG: 'error' } });
const base = await new Promise((resolve, reject) => {
  let output = '';
  mock.stdout.on('data', (chunk) => {
    output += chunk;
    const found = /^listening on (.*)$/m.exec(output);
    if (found) resolve(found[1]);
  });
  mock.on('exit', (code) => reject(new Error(`the mock ended with ${code}: ${readFileSync(`${folder}/log`)}`)));
});

async function call(method, path, body) {
  const headers = { Accept: 'application/json', 'Content-Type': 'application/json', Authorization: `Basic ${key}` };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

// The variables of the module for a case, as the platform makes them.
function variables(one) {
  const lead = Object.fromEntries(Object.entries(one.lead).map(([name, value]) => [name, types[fieldTypes[name]].parse(value)]));
  const text = (value) => (value === undefined ? '' : String(value.valid === false ? value.raw : value.valueOf()));
  const flatVars = {};
  for (const [property, template] of one.pairs) {
    let value = template;
    if (typeof template === 'string') {
      const single = /^\{\{lead\.(\w+)\}\}$/.exec(template);
      value = single ? lead[single[1]] : template.replace(/\{\{lead\.(\w+)\}\}/g, (_, name) => text(lead[name]));
      // A template that comes out blank is skipped; a blank value is applied.
      if (value === undefined || (template !== '' && text(value).trim() === '')) continue;
    }
    const type = declared[property];
    flatVars[property] = type && !(typeof value === 'object') ? types[type].parse(value) : value;
  }
  return flat.unflatten(flatVars);
}

function expectedOf(one) {
  const vars = variables(one);
  const module = modules[one.variant];
  const skipped = module.validate(vars);
  if (skipped) return { outcome: 'skip', reason: skipped };
  let request;
  try {
    request = module.request(vars);
  } catch (error) {
    return { outcome: 'error', reason: error.message };
  }
  const headers = {};
  for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = String(value);
  const wire = { method: request.method, url: request.url.replace(`http://${host}`, ''), headers, body: request.body ?? '' };
  const { status, body } = one.response;
  const received = {};
  for (const [name, value] of one.response.headers) {
    received[name] = name === 'Set-Cookie' ? [...(received[name] ?? []), value] : value;
  }
  try {
    const { outcome, reason, price, ...appended } = module.response(variables(one), request, { status, headers: received, body });
    // A node of an XML document cannot be stored; the mock stores its text.
    const plain = (value) => (value?.nodeType ? value.nodeValue || value.toString() : value);
    if (Array.isArray(appended.reference)) appended.reference = appended.reference.map(plain);
    // An event needs an outcome; the mock makes an error of a blank one.
    return { wire, outcome: outcome || 'error', reason: outcome ? String(reason ?? '') : 'Unrecognized outcome: ', price: String(price).trim() === '' ? NaN : Number(price), appended: JSON.parse(JSON.stringify(appended)) };
  } catch (error) {
    return { wire, outcome: 'error', reason: error.message };
  }
}

async function foundOf(one) {
  const result = await call('POST', `/flows/${one.flow}/sources/${source}/submit`, one.lead);
  const events = await call('GET', `/events?lead_id=${result.lead.id}`);
  const event = events.find((event) => event.type === 'recipient');
  const { outcome, reason, price, ...appended } = event.outbound ?? {};
  const requests = received.get(one.id) ?? [];
  if (requests.length > 1) throw new Error(`${one.id} was delivered ${requests.length} times`);
  return { wire: requests[0], outcome: event.outcome, reason: event.reason ?? '', price: price ?? NaN, appended };
}

// The first difference between two requests.
function requestDifference(expected, found) {
  if (!expected || !found) return Boolean(expected) === Boolean(found) ? '' : `${expected ? 'expected' : 'unexpected'} request`;
  for (const part of ['method', 'url', 'body']) {
    if (expected[part] !== found[part]) return `${part}\n  package ${JSON.stringify(expected[part])}\n  mock    ${JSON.stringify(found[part])}`;
  }
  const own = ['host', 'x-mock-outbound', 'content-length', 'connection'];
  const others = Object.keys(found.headers).filter((name) => !own.includes(name) || name in expected.headers);
  for (const name of new Set([...Object.keys(expected.headers), ...others])) {
    if (Buffer.from(expected.headers[name] ?? '').toString('latin1') !== found.headers[name] && expected.headers[name] !== found.headers[name]) return `header ${name}\n  package ${expected.headers[name]}\n  mock    ${found.headers[name]}`;
  }
  return '';
}

function responseDifference(expected, found) {
  if (expected.outcome !== found.outcome) return `outcome\n  package ${expected.outcome} (${expected.reason})\n  mock    ${found.outcome} (${found.reason})`;
  if ((expected.reason ?? '') !== found.reason && !found.reason.startsWith('Invalid character')) return `reason\n  package ${JSON.stringify(expected.reason)}\n  mock    ${JSON.stringify(found.reason)}`;
  if (!('price' in expected)) return '';
  // A server error has no price; a text that is not a number counts as none.
  const price = (value) => (Number.isFinite(value) ? value : undefined);
  if (price(expected.price) !== price(found.price)) return `price\n  package ${expected.price}\n  mock    ${found.price}`;
  if (!same(expected.appended, found.appended)) return `appended data\n  package ${JSON.stringify(expected.appended)}\n  mock    ${JSON.stringify(found.appended)}`;
  return '';
}

const used = new Set();
try {
  for (const variant of variants) {
    const differences = { request: [], response: [] };
    const numbers = { sent: 0, skipped: 0, failed: 0 };
    for (const one of [...cases.values()].filter((one) => one.variant === variant)) {
      const expected = expectedOf(one);
      const found = await foundOf(one);
      numbers[expected.wire ? 'sent' : expected.outcome === 'skip' ? 'skipped' : 'failed'] += 1;
      for (const [part, difference] of [['request', requestDifference(expected.wire, found.wire)], ['response', responseDifference(expected, found)]]) {
        if (difference === '') continue;
        const reason = allowed.find((reason) => reason.matches({ ...one, part }, expected, found));
        if (reason) used.add(reason);
        else differences[part].push(`${one.id} ${difference}\n  lead ${JSON.stringify(one.lead)}\n  mappings ${JSON.stringify(one.pairs)}${part === 'response' ? `\n  response ${JSON.stringify(one.response)}` : ''}`);
      }
    }
    const summary = `${numbers.sent} sent, ${numbers.skipped} skipped, ${numbers.failed} failed`;
    const isEnough = numbers.sent >= count / 2;
    for (const part of ['request', 'response']) {
      report(isEnough && differences[part].length === 0, `${variant}: ${part}s of ${count} cases (${summary}), ${differences[part].length} differences`, differences[part].slice(0, shown));
    }
  }
} finally {
  mock.removeAllListeners('exit');
  mock.kill();
  server.close();
}
if (!process.env.SEED && !process.env.CASES) {
  // A reason that nothing needs any more is removed.
  for (const reason of allowed) report(used.has(reason), `difference with a reason: ${reason.name}`);
}
exit();
