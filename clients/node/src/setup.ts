/**
 * The global set-up of Playwright, Vitest and Jest: one server for all workers of a test run.
 *
 * Flags of the server come from the environment, such as `LEADCONDUIT_MOCK_SCENARIO`. With `LEADCONDUIT_MOCK_URL`, that
 * server is used and none is started.
 */
import { setEnvironment, sharedServer } from './environment.js';
import { ServerError, startMock } from './server.js';

async function setup(): Promise<() => Promise<void>> {
  const url = process.env['LEADCONDUIT_MOCK_URL'];
  const server = url ? await sharedServer(url) : await startMock();
  setEnvironment(server);
  return async () => {
    if (!url) delete process.env['LEADCONDUIT_MOCK_URL'];
    const stopped = await server.stop();
    // `LEADCONDUIT_MOCK_FAIL_ON` and `LEADCONDUIT_MOCK_FAIL_UNDER` make the verdict on the client a part of the test run.
    if (stopped?.exitCode === 1) {
      // Before it, the log has the banner.
      const verdict = stopped.log.slice(Math.max(0, stopped.log.lastIndexOf('\nerror: '))).trim();
      throw new ServerError(`The verdict of leadconduit-mock: ${verdict}`);
    }
  };
}

// Jest and Playwright read `default`, Vitest the module itself.
export = Object.assign(setup, { default: setup });
