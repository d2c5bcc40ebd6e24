/**
 * Vitest's `test` with the fixture `leadconduit`: a sandbox of its own for each test.
 *
 * @example
 * // vitest.config.ts: test: { globalSetup: 'leadconduit-mock/setup' }
 * import { expect, test } from 'leadconduit-mock/vitest';
 *
 * test('an outage is an error', async ({ leadconduit }) => {
 *   await leadconduit.useScenario('sso-outage');
 *   const client = new Client(leadconduit.url, leadconduit.superuserApiKey);
 *   await expect(client.repair('5d9a4c421d011c553e000004')).rejects.toThrow('503');
 * });
 */
import { type TestAPI, test as base } from 'vitest';

import { sharedServer } from './environment.js';
import { collectFailure } from './failure.js';
import { type Sandbox, sandboxName } from './sandbox.js';
import type { MockServer } from './server.js';

export { afterAll, afterEach, beforeAll, beforeEach, describe, expect, vi } from 'vitest';

export interface LeadConduitFixtures {
  /** The sandbox of the test. On failure, its journal and explanations are printed. */
  leadconduit: Sandbox;
}

let server: Promise<MockServer> | undefined;

export const test: TestAPI<LeadConduitFixtures> = base.extend<LeadConduitFixtures>({
  leadconduit: async ({ task, onTestFailed }, use) => {
    server ??= sharedServer(process.env['LEADCONDUIT_MOCK_URL']);
    const sandbox = (await server).sandbox(sandboxName(task.name));
    let hasFailed = false;
    onTestFailed(() => {
      hasFailed = true;
    });
    await use(sandbox);
    // Fixtures end before the hooks for failed tests: an error of the test is in its result already.
    if (hasFailed || task.result?.state === 'fail' || (task.result?.errors?.length ?? 0) > 0) {
      const failure = await collectFailure(sandbox);
      if (failure !== undefined) console.error(`leadconduit-mock, sandbox ${sandbox.name}:\n${failure.explanation}`);
    }
    await sandbox.end();
  },
});

export const it = test;
