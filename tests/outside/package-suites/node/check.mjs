// What the suites do not show: failing tests, crashes, and errors of the set-up. Exits with 1 if anything is wrong.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connectMock, findBinary, startMock, VERSION } from 'leadconduit-mock';

const npx = (arguments_, env = {}) => {
  const options = { encoding: 'utf8', env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] };
  const result = spawnSync('npx', ['--no-install', ...arguments_], options);
  return { code: result.status, text: result.stdout + result.stderr, out: result.stdout };
};
const isServed = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)));
    socket.on('error', () => resolve(false));
  });
/** Waits until nothing listens on the port of a URL. */
const stopped = async (url) => {
  const port = Number(new URL(url).port);
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (!(await isServed(port))) return;
    await delay(50);
  }
  assert.fail(`${url} is still served`);
};

const checks = {
  'a failed Playwright test has journal, explanation and curl in its report': () => {
    const { code, out } = npx(['playwright', 'test', 'failing/failing.spec.ts', '--reporter', 'json']);
    assert.equal(code, 1);
    const [result] = JSON.parse(out.slice(out.indexOf('{'))).suites[0].specs[0].tests[0].results;
    const attached = Object.fromEntries(
      result.attachments.filter((one) => one.body).map((one) => [one.name, Buffer.from(one.body, 'base64').toString()]),
    );
    assert.match(attached['leadconduit explanation'], /#1 POST \/connections -> 400 repair_connection/);
    assert.match(attached['leadconduit explanation'], /connection_id is missing; `connection` was sent: was that meant\?/);
    assert.match(attached['leadconduit curl'], /^curl -i -X POST .*\/connections' -H 'X-Mock-Sandbox: a-rejected-repair-/m);
    const [exchange] = JSON.parse(attached['leadconduit journal']);
    assert.equal(exchange.response.status, 400);
  },
  'a failed Vitest test prints the explanation': () => {
    const { code, text } = npx(['vitest', 'run', '--config', 'failing.vitest.config.ts']);
    assert.equal(code, 1);
    assert.match(text, /leadconduit-mock, sandbox a-rejected-repair-/);
    assert.match(text, /`connection` was sent: was that meant\?/);
  },
  'the verdict can fail a test run': () => {
    const { code, text } = npx(['playwright', 'test', 'failing/failing.spec.ts', '--reporter', 'line'], { LEADCONDUIT_MOCK_FAIL_ON: 'violations' });
    assert.equal(code, 1);
    assert.match(text, /The verdict of leadconduit-mock: error: /);
    assert.match(text, /violation/);
  },
  'the server ends when the test run is killed': async () => {
    const script = `
      import { startMock } from 'leadconduit-mock';
      const mock = await startMock();
      console.log(mock.url);
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text).trim())));
    assert.ok(await isServed(Number(new URL(url).port)));
    child.kill('SIGKILL');
    await stopped(url);
  },
  'a script ends without a call of stop': async () => {
    const script = `import { startMock } from 'leadconduit-mock'; console.log((await startMock()).url);`;
    const options = { encoding: 'utf8', timeout: 30_000 };
    const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], options);
    assert.equal(status, 0);
    await stopped(stdout.trim());
  },
  'a server can be stopped, and its own errors are shown': async () => {
    const mock = await startMock({ scenario: 'sso-outage', seed: 7, clock: '2026-01-15T09:00:00Z' });
    assert.equal((await mock.clock.show()).mode, 'frozen');
    const { data } = await mock.control.GET('/__admin/scenario');
    assert.equal(data.name, 'sso-outage');
    assert.equal((await mock.stop()).exitCode, 0);
    await stopped(mock.url);
    await assert.rejects(startMock({ scenario: 'sso-outge' }), /did you mean `sso-outage`\?/);
    await assert.rejects(startMock({ binary: '/nowhere' }), /\/nowhere does not exist/);
  },
  'another version is rejected': async () => {
    const server = createServer((_, response) => response.end('{"name": "leadconduit-mock", "version": "9.9.9"}'));
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    await assert.rejects(connectMock(url), new RegExp(`leadconduit-mock 9.9.9, but this npm package is version ${VERSION}`));
    server.close();
    server.closeAllConnections();
    await stopped(url);
    await assert.rejects(connectMock(url), /does not respond as a leadconduit-mock: .*ECONNREFUSED/);
  },
  'a missing platform package is explained': () => {
    const folder = 'node_modules/@leadconduit-mock';
    renameSync(folder, `${folder}-away`);
    try {
      const { code, text } = npx(['leadconduit-mock', '--version']);
      assert.equal(code, 1);
      assert.match(text, /^error: The package @leadconduit-mock\/linux-x64, .* is not installed\..*LEADCONDUIT_MOCK_BINARY/);
    } finally {
      renameSync(`${folder}-away`, folder);
    }
    assert.ok(findBinary().includes('@leadconduit-mock'));
  },
  'the command passes signals and exit codes on': async () => {
    assert.equal(npx(['leadconduit-mock', 'serve', '--scenario', 'nowhere']).code, 3);
    const child = spawn(process.execPath, ['node_modules/leadconduit-mock/bin/leadconduit-mock.js', '--port', '0'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const line = await new Promise((resolve) => child.stdout.once('data', (text) => resolve(String(text))));
    assert.match(line, /^listening on /);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    await stopped(line.replace('listening on ', '').trim());
  },
};

let failures = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
    console.log(`ok ${name}`);
  } catch (error) {
    console.log(error);
    console.log(`FAILED ${name}`);
    failures += 1;
  }
}
process.exitCode = failures > 0 ? 1 : 0;
