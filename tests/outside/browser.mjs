// Opens an empty page on two foreign origins, and calls the server from there.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const [executablePath, binary, healthy, outage] = process.argv.slice(2);
const USER = 'Basic ' + btoa('API:2f1d5f29915b866c7a2fa5de29613104');
const MIB = 1024 * 1024;

let failed = 0;
function check(name, found, expected) {
  const passed = Object.entries(expected).every(([key, value]) =>
    value instanceof RegExp ? value.test(found[key]) : JSON.stringify(found[key]) === JSON.stringify(value));
  if (passed) return console.log(`ok browser: ${name}`);
  failed += 1;
  console.log(`expected ${Object.entries(expected).map(([key, value]) => `${key}: ${value}`).join(', ')}`);
  console.log(`found ${JSON.stringify(found).slice(0, 1000)}\nFAILED browser: ${name}`);
}

const pages = createServer((_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>A page</title>'));
await new Promise((resolve) => pages.listen(0, '127.0.0.1', resolve));
const port = pages.address().port;

// A server that allows one of the two origins.
const restricted = spawn(binary, ['serve', '--port', '0', '--cors-origin', `http://localhost:${port}`], { stdio: ['ignore', 'pipe', 'ignore'] });
const [line] = await new Promise((resolve) => createInterface(restricted.stdout).once('line', (...all) => resolve(all)));
const restrictedUrl = line.replace('listening on ', '');

// `launch` creates a new user-data-dir.
const browser = await chromium.launch({
  executablePath,
  headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
});

try {
  for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`]) {
    const page = await browser.newPage();
    await page.goto(origin);
    // The response as a page can read it; `failed` when the browser blocks it.
    const call = (url, { method = 'GET', headers = {}, body, bytes, key = USER, cache } = {}) => page.evaluate(async (options) => {
      const headers = { accept: 'application/json', ...options.headers };
      if (options.key) headers.authorization = options.key;
      const body = options.bytes ? JSON.stringify('x'.repeat(options.bytes)) : options.body;
      try {
        const response = await fetch(options.url, { method: options.method, headers, body, credentials: 'include', cache: options.cache });
        const text = await response.text();
        let json = null;
        try { json = JSON.parse(text); } catch {}
        return { status: response.status, json, error: json?.error, length: json?.length, id: json?.id, ...Object.fromEntries(response.headers) };
      } catch (error) {
        return { failed: String(error) };
      }
    }, { url, method, headers, body, bytes, key, cache });
    const json = { 'content-type': 'application/json' };
    const from = new URL(origin).hostname;

    check(`${from}: a list, with the mock's headers`, await call(`${healthy}/connections`), {
      status: 200, 'x-mock-operation': 'list_connections', 'x-mock-evidence': 'documented', 'x-mock-scenario': 'healthy',
      'x-mock-sandbox': 'default', 'x-mock-request-id': /./, etag: /^W\/"[0-9a-f]+-[0-9a-f]+"$/, 'x-connections-degraded': undefined,
    });
    check(`${from}: a degraded list`, await call(`${outage}/connections`), { status: 200, length: 2, 'x-connections-degraded': 'true' });
    check(`${from}: the cached list is revalidated`, await call(`${healthy}/connections`, { cache: 'no-cache' }), { status: 200, length: 3 });

    const input = { name: 'CRM', type: 'token', package: 'leadconduit-salesforce', token: 'one' };
    const created = await call(`${healthy}/credentials`, { method: 'POST', headers: json, body: JSON.stringify(input) });
    check(`${from}: POST`, created, { status: 201, id: /^[0-9a-f]{24}$/ });
    const credential = `${healthy}/credentials/${created.id}`;
    check(`${from}: PUT`, await call(credential, { method: 'PUT', headers: json, body: JSON.stringify({ ...input, token: 'two' }) }), { status: 200, id: created.id });
    check(`${from}: DELETE`, await call(credential, { method: 'DELETE' }), { status: 200, id: created.id });
    check(`${from}: 404 of LeadConduit`, await call(credential), { status: 404, error: /./, 'content-type': /^application\/json/ });

    check(`${from}: 400`, await call(`${healthy}/credentials`, { method: 'POST', headers: json, body: '{' }), { status: 400, error: /./, 'x-mock-violations': /^\[/ });
    check(`${from}: 401 without a key`, await call(`${healthy}/user`, { key: '' }), { status: 401, error: 'authentication failed', etag: 'W/"21-48c58abe"' });
    check(`${from}: 401 for a missing right`, await call(`${healthy}/connections`, { method: 'POST', headers: json, body: '{"connection_id":"5d9a4c421d011c553e000004"}' }), { status: 401, error: /./ });
    check(`${from}: 403`, await call(`${healthy}/user`, { headers: { accept: 'text/html' } }), { status: 403, error: /csrf/ });
    check(`${from}: 404 of the mock`, await call(`${healthy}/connectoins`), { status: 404, 'content-type': 'application/problem+json', json: /object/ });
    check(`${from}: 405`, await call(`${healthy}/account`, { method: 'DELETE' }), { status: 405, 'content-type': 'application/problem+json', allow: 'GET, HEAD, PUT, OPTIONS' });
    for (const size of [2 * MIB, 8 * MIB]) {
      const big = { method: 'PUT', headers: json, bytes: size };
      const responses = await Promise.all(Array.from({ length: 5 }, () => call(`${healthy}/account`, big)));
      check(`${from}: 413 for ${size / MIB} MiB, five times at once`, { statuses: responses.map((one) => one.status ?? one.failed), error: responses[0].error }, { statuses: Array(5).fill(413), error: /./ });
    }
    check(`${from}: 415`, await call(`${healthy}/account`, { method: 'PUT', headers: { 'content-type': 'text/plain' }, body: '{}' }), { status: 415, error: /./ });

    check(`${from}: a sandbox by header`, await call(`${healthy}/user`, { headers: { 'x-mock-sandbox': 'page' } }), { status: 200, 'x-mock-sandbox': 'page' });
    check(`${from}: a sandbox by base URL`, await call(`${healthy}/__sandbox/page/user`), { status: 200, 'x-mock-sandbox': 'page' });
    if (from === '127.0.0.1') {
      // Cookies ignore ports, so a page on the same host can select the sandbox for all its calls.
      await page.evaluate(() => { document.cookie = 'mock_sandbox=by-cookie'; });
      check(`${from}: a sandbox by cookie`, await call(`${healthy}/user`), { status: 200, 'x-mock-sandbox': 'by-cookie' });
    }

    const isAllowed = from === 'localhost';
    const put = { method: 'PUT', headers: json, body: '{}' };
    check(`${from}: ${isAllowed ? 'allowed' : 'other'} origin: GET`, await call(`${restrictedUrl}/user`), isAllowed ? { status: 200 } : { failed: /Failed to fetch/ });
    check(`${from}: ${isAllowed ? 'allowed' : 'other'} origin: 401`, await call(`${restrictedUrl}/user`, { key: '' }), isAllowed ? { status: 401 } : { failed: /Failed to fetch/ });
    check(`${from}: ${isAllowed ? 'allowed' : 'other'} origin: PUT`, await call(`${restrictedUrl}/account`, put), isAllowed ? { status: 200 } : { failed: /Failed to fetch/ });
    await page.close();
  }
} finally {
  await browser.close();
  pages.close();
  restricted.kill();
}
process.exit(failed > 0 ? 1 : 0);
