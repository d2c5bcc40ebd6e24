import { type MockServer, ServerError, connectMock } from './server.js';

/** The variables that `leadconduit-mock run` sets for its command, and the global set-up for the tests. */
export function setEnvironment(server: MockServer): void {
  process.env['LEADCONDUIT_MOCK_URL'] = server.url;
  process.env['LEADCONDUIT_URL'] = server.url;
  process.env['LEADCONDUIT_API_KEY'] = server.apiKey;
  process.env['LEADCONDUIT_SUPERUSER_API_KEY'] = server.superuserApiKey;
}

/** The server that all workers of a test run share. */
export async function sharedServer(url: string | undefined): Promise<MockServer> {
  if (!url) {
    throw new ServerError(
      "No server: add `globalSetup: 'leadconduit-mock/setup'` to the configuration of the test runner, or set " +
        'LEADCONDUIT_MOCK_URL to the URL of a running one.',
    );
  }
  const apiKey = process.env['LEADCONDUIT_API_KEY'];
  const superuserApiKey = process.env['LEADCONDUIT_SUPERUSER_API_KEY'];
  return connectMock(url, { ...(apiKey && { apiKey }), ...(superuserApiKey && { superuserApiKey }) });
}
