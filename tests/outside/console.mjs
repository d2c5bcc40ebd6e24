// Does every task of the console in a browser, and asserts what a client of the API then observes.
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import puppeteer from 'puppeteer-core';

const [browserName, executablePath, binary, screenshots] = process.argv.slice(2);
const isFirefox = browserName === 'firefox';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const JANE = '2f1d5f29915b866c7a2fa5de29613104';
const SUPERUSER = '00000000000000000000000000000000000000aa';
const FLOW = '/flows/64b8f0f5e4b0c3a1d5e6f7ab/sources/1aacd0/submit';
const SSO_ONLY = '5d9a4c421d011c553e000004';
const WAIT_MS = 30_000;

let failed = 0;
/** Runs one task; its exception is its failure. */
async function task(name, action) {
  try {
    await action();
    console.log(`ok console in ${browserName}: ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`${error?.stack ?? error}\nFAILED console in ${browserName}: ${name}`);
  }
}

function equal(found, expected, what) {
  if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${what}: found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

async function start(...flags) {
  const server = spawn(binary, ['serve', '--port', '0', ...flags], { stdio: ['ignore', 'pipe', 'ignore'] });
  const line = await new Promise((resolve) => createInterface(server.stdout).once('line', resolve));
  return { server, url: line.replace('listening on ', '') };
}

/** Ends a server, and waits for its end. */
async function stop({ server }) {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await ended;
}

const main = await start();
const { url } = main;

/** A request of a client; resolves with status, headers and JSON. */
async function call(method, path, { body, key = JANE, sandbox, token, base = url } = {}) {
  const headers = { accept: 'application/json' };
  if (token) headers.authorization = `Bearer ${token}`;
  else if (key) headers.authorization = `Basic ${btoa(`API:${key}`)}`;
  if (sandbox) headers['x-mock-sandbox'] = sandbox;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(base + path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  let json = null;
  try { json = JSON.parse(text); } catch { /* No JSON. */ }
  return { status: response.status, headers: response.headers, json };
}
const admin = async (path, options) => (await call('GET', `/__admin${path}`, options)).json;

/** Waits until the server shows a state. */
async function observe(what, read, isExpected) {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const found = await read();
    if (isExpected(found)) return found;
    if (Date.now() > end) throw new Error(`${what}: the server shows ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const browser = await puppeteer.launch({
  browser: browserName,
  executablePath,
  headless: true,
  args: isFirefox ? [] : ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const errors = [];
async function open(path, base = url) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => { if (/Content.Security.Policy|TrustedHTML/i.test(message.text())) errors.push(message.text()); });
  await page.evaluateOnNewDocument(() => {
    window.copied = '';
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text; } } });
  });
  await page.goto(base + path);
  return page;
}

/** Waits for an element with a text, and returns it. A click is in the same step: an update can replace it in between. */
async function look(page, selector, text, isClicked) {
  const handle = await page.waitForFunction((selector, text, isClicked) => {
    const found = [...document.querySelectorAll(selector)]
      .find((one) => one.checkVisibility() && (one.textContent.includes(text) || one.getAttribute('aria-label')?.includes(text)));
    if (isClicked) {
      found?.focus();
      found?.click();
    }
    return found;
  }, {}, selector, text, isClicked).catch(() => { throw new Error(`the page has no ${selector} with "${text}"`); });
  return handle.asElement();
}
const find = (page, selector, text = '') => look(page, selector, text, false);
// A click by script: views are updated while the test runs, so that a position can be outdated.
const click = (page, selector, text = '') => look(page, selector, text, true);
const textOf = (page, selector) => page.$eval(selector, (one) => one.textContent);
const choose = async (page, label, value) => {
  await page.waitForFunction((label, value) => {
    const control = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label)?.control ?? document.querySelector(`select[aria-label="${label}"]`);
    return [...(control?.options ?? [])].some((one) => one.value === value);
  }, {}, label, value).catch(() => { throw new Error(`"${label}" has no option ${value}`); });
  await page.evaluate((label, value) => {
    const control = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label)?.control ?? document.querySelector(`select[aria-label="${label}"]`);
    control.value = value;
    control.dispatchEvent(new Event('change', { bubbles: true }));
  }, label, value);
};
const enter = async (page, label, value) => {
  await find(page, 'label', label);
  await page.evaluate((label, value) => {
    const control = [...document.querySelectorAll('label')].find((one) => one.textContent.trim() === label).control;
    control.value = value;
    control.dispatchEvent(new Event('input', { bubbles: true }));
  }, label, value);
};
const rows = (page) => page.$$eval('.rows .row:not([hidden])', (all) => all.length);
const go = async (page, hash) => { await page.evaluate((hash) => { location.hash = hash; }, hash); };

// What the views show.
await call('GET', '/connections');
await call('GET', '/connections?relationship_type=friend');
await call('GET', '/conections');
await call('POST', '/credentials', { body: { name: 7, type: 'user', colour: 'blue' } });
await call('POST', FLOW, { body: { first_name: 'Ann', email: 'ann@example.com', state: 'OH' } });
await call('GET', '/user');

const page = await open('/__admin/ui/');

await task('the list shows what was sent, and new requests as they arrive', async () => {
  await find(page, '.row .c5', 'unmatched');
  equal(await rows(page), 6, 'rows');
  await find(page, '.live', 'Live');
  await call('GET', '/flows');
  await find(page, '.row', 'list_flows');
  const title = await page.$eval('.rows .row .c0', (one) => one.title);
  if (!/^\d{4}-\d\d-\d\d [\d:.]+ UTC$/.test(title)) throw new Error(`the time shows ${title} on hover`);
});

await task('filters are combined, and are part of the address', async () => {
  await click(page, '.chip input[value="violations"]');
  await page.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 2);
  await click(page, '.chip input[value="4"]');
  await choose(page, 'Operation', 'create_credential');
  await page.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 1);
  const address = page.url();
  const other = await open(address.slice(url.length));
  await other.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 1);
  await other.close();
  await click(page, 'button', 'Reset filters');
  await page.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 7);
  await page.focus('input[type="search"]');
  await page.keyboard.type('conections');
  await page.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 1);
  await click(page, 'button', 'Reset filters');
});

await task('the list can be paused', async () => {
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('p');
  await find(page, 'button[aria-pressed="true"]', 'Continue');
  await call('GET', '/fields');
  await find(page, '.count', '1 new');
  equal(await rows(page), 7, 'rows while paused');
  await page.keyboard.press('p');
  await find(page, '.row', 'list_fields');
});

await task('the keyboard selects, opens and closes requests', async () => {
  await page.focus('.rows');
  await page.keyboard.press('Home');
  await find(page, '.panel h2', '/fields');
  await page.keyboard.press('End');
  await find(page, '.panel h2', '/connections');
  equal(await page.$$eval('.row[aria-selected="true"]', (all) => all.length), 1, 'selected rows');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelector('.panel').hidden);
  await page.keyboard.press('2');
  await find(page, 'h1', 'Scenarios');
  await page.keyboard.press('1');
  await find(page, 'input[type="search"]');
  await page.keyboard.press('/');
  equal(await page.evaluate(() => document.activeElement.type), 'search', 'the focused element');
});

await task('a finding that breaks no contract is not counted as a violation', async () => {
  await call('POST', FLOW, { body: { first_name: 'Ann', email: 'ann@example.com', state: 'OH', not_a_field: 'x' } });
  await find(page, '.row .c5', '1 finding');
  const { id } = (await admin('/requests/summaries?limit=1')).requests[0];
  await go(page, `#/requests/default/${id}`);
  await find(page, '.panel h3', '1 finding');
});

await task('a deep link shows a request with its violations, explanation and lead', async () => {
  await go(page, '#/requests/default/4');
  await find(page, '.line.marked', 'name must be a string');
  await find(page, '.reasons li', 'create_credential');
  await go(page, '#/requests/default/5');
  await find(page, '.steps .deciding', 'filter');
  const secret = await page.evaluate((secret) => document.body.textContent.includes(secret), JANE);
  equal(secret, false, 'the page contains the API key');
});

await task('a request is sent again, and compared', async () => {
  await go(page, '#/requests/default/1');
  await find(page, '.panel h2', '/connections');
  await call('POST', '/connections', { key: SUPERUSER, body: { connection_id: SSO_ONLY } });
  const before = (await admin('/requests?limit=0')).meta.total;
  await click(page, 'button', 'Send again');
  const number = (await observe('a new exchange', () => admin('/requests?limit=1'), (found) => found.meta.total === before + 1)).requests[0].number;
  await page.waitForFunction((number) => location.hash.endsWith(`/${number}`), {}, number);
  await find(page, '.panel h2', '/connections');
  await page.waitForFunction((number) => [...document.querySelectorAll('.facts-list dd')].some((one) => one.textContent === String(number)), {}, number);
  await click(page, 'button', 'Compare');
  await find(page, 'dialog label', 'Number of the other request');
  await page.$eval('dialog input', (one) => { one.value = '1'; });
  await click(page, 'dialog button', 'Compare');
  await find(page, '.differences th', '/response/body');
});

await task('a request is copied as curl, scenario and expectation', async () => {
  await go(page, '#/requests/default/4');
  await find(page, '.line.marked');
  for (const [value, part] of [['curl', /^curl .*\/credentials/], ['scenario', /version: 1[\s\S]*examples:/], ['expectation', /operation: create_credential/]]) {
    await choose(page, 'Copy', value);
    await page.waitForFunction((source) => new RegExp(source).test(window.copied), {}, part.source);
  }
  const expectation = await page.evaluate(() => window.copied);
  const verdict = await fetch(`${url}/__admin/verify`, { method: 'POST', headers: { 'content-type': 'application/yaml' }, body: expectation });
  equal((await verdict.json()).passed, true, 'the verdict of the copied expectation');
});

await task('the next request gets the same response', async () => {
  await go(page, '#/requests/default/4');
  await find(page, '.line.marked');
  await click(page, 'button', 'Respond like this');
  await find(page, 'dialog label', 'How many requests');
  await page.$eval('dialog input[type="number"]', (one) => { one.value = '1'; });
  await click(page, 'dialog button', 'Respond like this');
  await observe('a fault', () => admin('/faults'), (found) => found.meta.total === 1);
  const valid = { name: 'A', type: 'user', package: 'leadconduit-default', username: 'u', password: 'p' };
  equal((await call('POST', '/credentials', { body: valid })).status, 400, 'the status of a valid request');
  equal((await call('POST', '/credentials', { body: valid })).status, 201, 'the status of the next one');
  await go(page, '#/scenarios');
  await find(page, '.fault-list li', '1 of 1 applied');
  await click(page, '.fault-list button', 'Remove');
  await observe('no fault', () => admin('/faults'), (found) => found.meta.total === 0);
});

await task('a scenario is used, with the data or from its start', async () => {
  await call('PUT', '/account', { body: { name: 'Changed' } });
  const changed = (await call('GET', '/account')).json.name;
  await go(page, '#/scenarios');
  await click(page, '.check', 'Keep the data');
  await click(page, '.scenario input[value="maintenance"]');
  await observe('the scenario', () => admin('/scenario'), (found) => found.name === 'maintenance');
  equal((await call('GET', '/user')).status, 503, 'the status under maintenance');
  await find(page, '.unusual li', 'Scenario maintenance');
  await click(page, '.unusual button', 'Use healthy');
  await observe('the scenario', () => admin('/scenario'), (found) => found.name === 'healthy');
  equal((await call('GET', '/account')).json.name, changed, 'the name of the account');
});

await task('a fault is armed with the form, for a number of requests', async () => {
  await go(page, '#/scenarios');
  await choose(page, 'Requests', 'repair_connection');
  await choose(page, 'Status', '422');
  await enter(page, 'How many requests', '2');
  await enter(page, 'For how many seconds', '600');
  await click(page, 'button', 'Arm the fault');
  const armed = await observe('a fault', () => admin('/faults'), (found) => found.meta.total === 1);
  equal([armed.faults[0].rule.then.status, typeof armed.faults[0].ends_at], [422, 'string'], 'the rule');
  const repair = async () => (await call('POST', '/connections', { key: SUPERUSER, body: { connection_id: SSO_ONLY } })).status;
  equal([await repair(), await repair(), await repair()], [422, 422, 409], 'the statuses of repairs');
  // A fault that has ended is not unusual any more, and stays in the list of faults with its counts.
  await find(page, '.fault-list li', 'It has ended.');
  await page.waitForFunction(() => ![...document.querySelectorAll('.unusual li')].some((one) => one.textContent.includes('repair_connection')));
  await choose(page, 'Status', '503');
  await click(page, 'button', 'Arm the fault');
  await observe('an active fault', () => admin('/faults'), (found) => found.faults.some((one) => one.active && one.rule.then.status === 503));
  await find(page, '.unusual li', '0 of 2 applied');
  await find(page, '.unusual li', 'ends in');
  await choose(page, 'Effect', 'wire');
  await choose(page, 'Fault', 'EMPTY_RESPONSE');
  await click(page, 'button', 'Arm the fault');
  await observe('three faults', () => admin('/faults'), (found) => found.meta.total === 3);
  const broken = await call('POST', '/connections', { key: SUPERUSER, body: { connection_id: SSO_ONLY } }).catch(() => 'broken');
  equal(broken, 'broken', 'the response of a broken connection');
});

await task('the single sign-on service is stopped, and the clock is moved', async () => {
  await go(page, '#/scenarios');
  await click(page, 'button[data-status="down"]');
  await observe('SSO', () => admin('/sso'), (found) => found.status === 'down');
  equal((await call('GET', '/connections')).headers.get('x-connections-degraded'), 'true', 'the degraded list');
  await find(page, '.unusual li', 'SSO is down');
  await enter(page, 'Ends after, in seconds', '600');
  await click(page, 'button[data-status="flapping"]');
  await observe('SSO', () => admin('/sso'), (found) => found.status === 'flapping' && found.ends_at);
  await find(page, '.sso-now', 'until');
  const item = await find(page, '.unusual li', 'SSO is flapping, ends in');
  const before = await item.evaluate((one) => one.textContent);
  await page.waitForFunction((before) => [...document.querySelectorAll('.unusual li')].some((one) => /SSO is flapping, ends in/.test(one.textContent) && one.textContent !== before), {}, before);
  await call('PUT', '/__admin/clock', { body: { advance: '600s' } });
  // The health before it returns, and no event of the server says so.
  equal((await admin('/sso')), { status: 'down' }, 'the health after the end');
  await find(page, '.sso-now', 'SSO is down');
  await call('PUT', '/__admin/clock', { body: { reset: true } });
  await enter(page, 'Ends after, in seconds', '');
  await click(page, 'button[data-status="up"]');
  await observe('SSO', () => admin('/sso'), (found) => found.status === 'up' && !found.ends_at);
  await enter(page, 'Ends after, in seconds', '2');
  await click(page, 'button[data-status="slow"]');
  await find(page, '.unusual li', 'SSO is slow');
  await page.waitForFunction(() => ![...document.querySelectorAll('.unusual li')].some((one) => one.textContent.includes('SSO')));
  equal((await admin('/sso')), { status: 'up' }, 'the health after the countdown');
  await enter(page, 'Ends after, in seconds', '');
  await click(page, 'button', '+ 1 day');
  await observe('the clock', () => admin('/clock'), (found) => found.offset_ms === 86_400_000);
  await click(page, 'button', 'Freeze');
  await observe('the clock', () => admin('/clock'), (found) => found.mode === 'frozen');
  await find(page, '.unusual li', 'Clock is frozen');
});

await task('one button restores normal operation', async () => {
  await click(page, '#status button.primary', 'Restore');
  const restored = await observe('normal operation', () => admin('/sandboxes'), ({ sandboxes: [one] }) => one.faults === 0 && one.sso === 'up' && one.scenario === 'healthy' && one.clock.mode === 'real' && one.clock.offset_ms === 0);
  if (restored.sandboxes[0].requests === 0) throw new Error('the journal was cleared');
  await find(page, '.verdict', 'Normal operation');
  equal((await call('GET', '/connections')).headers.get('x-connections-degraded'), null, 'the degraded list');
});

await task('sandboxes are created, selected, copied and deleted', async () => {
  await go(page, '#/sandboxes');
  await enter(page, 'Name', 'review');
  await choose(page, 'Scenario', 'sso-outage');
  await click(page, 'button', 'Create sandbox');
  await observe('the sandbox', () => admin('/sandboxes'), (found) => found.sandboxes.some((one) => one.name === 'review' && one.scenario === 'sso-outage'));
  await click(page, 'button', 'Copy base URL of review');
  await page.waitForFunction((expected) => window.copied === expected, {}, `${url}/__sandbox/review`);
  equal((await fetch(`${await page.evaluate(() => window.copied)}/connections`, { headers: { authorization: `Basic ${btoa(`API:${JANE}`)}` } })).headers.get('x-mock-sandbox'), 'review', 'the sandbox of the copied URL');
  await click(page, 'button', 'Copy key suffix of review');
  await page.waitForFunction(() => window.copied === '+review');
  equal((await call('GET', '/connections', { key: `${JANE}+review` })).headers.get('x-mock-sandbox'), 'review', 'the sandbox of the suffix');
  await click(page, 'button', 'View all sandboxes together');
  await find(page, '.row .c2', 'review · /connections');
  await find(page, '.row .c2', 'default · /user');
  await find(page, '.unusual li', 'review: Scenario sso-outage');
  await choose(page, 'Sandbox', 'review');
  await page.waitForFunction(() => document.querySelectorAll('.rows .row:not([hidden])').length === 2);
  await go(page, '#/sandboxes');
  await click(page, 'button', 'Delete review');
  await click(page, 'dialog button', 'Delete');
  await observe('the end of the sandbox', () => admin('/sandboxes'), (found) => found.meta.total === 1);
  await page.waitForFunction(() => document.querySelector('#sandbox').value === 'default');
});

await task('connections are repaired, removed and added', async () => {
  await go(page, '#/connections');
  await click(page, 'button', `Remove row ${SSO_ONLY}`);
  await observe('the removed row', () => call('GET', `/connections/${SSO_ONLY}`), (found) => found.status === 404);
  await find(page, 'tr', 'sso_only');
  await click(page, 'button', `Repair ${SSO_ONLY}`);
  await observe('the repaired row', () => call('GET', `/connections/${SSO_ONLY}`), (found) => found.status === 200);
  await find(page, '.message', 'responded with 201');
  await click(page, 'button', `Remove row ${SSO_ONLY}`);
  await observe('the removed row', () => call('GET', `/connections/${SSO_ONLY}`), (found) => found.status === 404);
  await click(page, 'button', `Add row ${SSO_ONLY}`);
  await observe('the added row', () => call('GET', `/connections/${SSO_ONLY}`), (found) => found.status === 200);
  await click(page, 'button', `Remove entry ${SSO_ONLY}`);
  await observe('the removed entry', () => call('GET', '/connections'), (found) => !found.json.some((one) => one.id === SSO_ONLY));
  await click(page, 'button', `Add entry ${SSO_ONLY}`);
  await observe('the added entry', () => call('GET', '/connections'), (found) => found.json.some((one) => one.id === SSO_ONLY));
  await click(page, 'button', 'Add connection');
  await page.waitForSelector('dialog[open]');
  await enter(page, 'Other party', 'Northwind');
  await choose(page, 'Exists as', 'entry');
  await click(page, 'dialog button', 'Add');
  const added = await observe('the added connection', () => call('GET', '/connections'), (found) => found.json.some((one) => one.connected_account.name === 'Northwind'));
  const one = added.json.find((found) => found.connected_account.name === 'Northwind');
  equal(one.status, 'sso_only', 'its status');
  equal((await call('POST', '/connections', { key: SUPERUSER, body: { connection_id: one.id } })).status, 201, 'its repair');
});

await task('the reference has every operation, and sends requests', async () => {
  const reference = await open('/__admin/docs#repair_connection');
  await find(reference, '.operation-body', 'Superusers only');
  const operations = await reference.$$eval('.operation', (all) => all.length);
  equal(operations, (await admin('/health')).operations, 'the number of operations');
  const before = (await admin('/requests?operation=repair_connection&limit=0')).meta.total;
  await click(reference, '#repair_connection .try button', 'Send POST');
  await observe('the request of the form', () => admin('/requests?operation=repair_connection&limit=0'), (found) => found.meta.total === before + 1);
  await find(reference, '.result .status-pill', '401');
  await choose(reference, 'API key of requests', SUPERUSER);
  await click(reference, '#repair_connection .try button', 'Send POST');
  await find(reference, '.result .status-pill', '409');
  await reference.close();
  const ownApi = await open('/__admin/docs/control#put_document');
  await find(ownApi, '.operation-body', 'validated against its model');
  await ownApi.close();
});

await task('with a token, the page loads and its data waits for the token', async () => {
  const guarded = await start('--admin-token', 's3cret');
  await call('GET', '/user', { base: guarded.url });
  const locked = await open('/__admin/ui/', guarded.url);
  await find(locked, 'dialog h2', 'needs its token');
  equal(await rows(locked), 0, 'rows without the token');
  await locked.type('dialog input', 'wrong');
  await click(locked, 'dialog button', 'Continue');
  await find(locked, 'dialog', 'the token is wrong');
  await locked.type('dialog input', 's3cret');
  await click(locked, 'dialog button', 'Continue');
  await find(locked, '.row', 'get_user');
  equal(await locked.evaluate(() => JSON.stringify(localStorage).includes('s3cret')), false, 'the token outlives the tab');
  const other = await open('/__admin/ui/', guarded.url);
  await find(other, 'dialog h2', 'needs its token');
  await other.close();
  await locked.close();
  await stop(guarded);
});

await task('the page reconnects to a server that was restarted', async () => {
  const first = await start();
  const restarted = await open('/__admin/ui/', first.url);
  await find(restarted, '.live', 'Live');
  await stop(first);
  await find(restarted, '.live', 'Reconnecting');
  const second = spawn(binary, ['serve', '--port', new URL(first.url).port], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => createInterface(second.stdout).once('line', resolve));
  await find(restarted, '.live', 'Live');
  await call('GET', '/user', { base: first.url });
  await find(restarted, '.row', 'get_user');
  await restarted.close();
  await stop({ server: second });
});

await task('nothing moves while faults come and go', async () => {
  if (isFirefox) return; // Firefox does not report layout shifts.
  const still = await open('/__admin/ui/');
  await find(still, '.row', 'get_user');
  await still.evaluate(() => {
    window.shift = 0;
    new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; }).observe({ type: 'layout-shift', buffered: true });
  });
  const { json } = await call('POST', '/__admin/faults', { body: { then: { status: 503 }, gate: true, when: { path: '/none' } } });
  await find(still, '.unusual li', json.id);
  await call('DELETE', `/__admin/faults/${json.id}`);
  await find(still, '.verdict', 'Normal operation');
  const shift = await still.evaluate(() => window.shift);
  if (shift > 0.02) throw new Error(`the layout shift is ${shift}`);
  await still.close();
});

const VIEWS = [
  ['requests', '/__admin/ui/#/requests'], ['request', '/__admin/ui/#/requests/default/4'], ['lead', '/__admin/ui/#/requests/default/5'],
  ['scenarios', '/__admin/ui/#/scenarios'], ['connections', '/__admin/ui/#/connections'], ['sandboxes', '/__admin/ui/#/sandboxes'],
  ['reference', '/__admin/docs#repair_connection'], ['control-reference', '/__admin/docs/control#add_fault'],
];
const READY = { requests: '.row .c5 .tag', request: '.line.marked', lead: '.deciding', scenarios: '.scenario', connections: 'td .tag', sandboxes: 'td.actions button', reference: '.operation-body', 'control-reference': '.operation-body' };
const MODES = isFirefox ? [['light', 1280, 800, 'light']] : [['light', 1280, 800, 'light'], ['dark', 1280, 800, 'dark'], ['narrow', 360, 740, 'light']];

await call('POST', '/__admin/faults', { body: { name: 'busy', when: { operation: 'list_entities' }, then: { status: 503 }, times: 3, ttl_ms: 3_600_000 } });
await call('GET', '/entities');
for (const [mode, width, height, scheme] of MODES) {
  await task(`every view is accessible: ${mode}`, async () => {
    const found = [];
    for (const [name, path] of VIEWS) {
      const view = await open('/__admin/ui/icon.svg');
      await view.setViewport({ width, height });
      if (!isFirefox) await view.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
      await view.goto(url + path);
      await view.waitForFunction((selector) => [...document.querySelectorAll(selector)].some((one) => one.checkVisibility()), {}, READY[name]).catch(() => { found.push(`${name}: no ${READY[name]}`); });
      await find(view, path.includes('/ui/') ? '.verdict' : 'h1', path.includes('/ui/') ? 'unusual' : '');
      await view.evaluate(AXE);
      const result = await view.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      for (const one of result.violations.filter((one) => ['serious', 'critical'].includes(one.impact))) {
        found.push(`${name}: ${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(' ')).join(', ')}`);
      }
      if (await view.evaluate(() => document.documentElement.scrollWidth > window.innerWidth + 1)) found.push(`${name}: wider than the window`);
      if (screenshots) {
        mkdirSync(screenshots, { recursive: true });
        await view.screenshot(isFirefox ? { path: `${screenshots}/${name}-firefox.png` } : { path: `${screenshots}/${name}-${mode}.webp`, quality: 45 });
      }
      await view.close();
    }
    if (found.length) throw new Error(found.join('\n'));
  });
}

await task('no script failed, and no policy was violated', async () => equal(errors, [], 'errors'));

await browser.close();
await stop(main);
process.exit(failed ? 1 : 0);
