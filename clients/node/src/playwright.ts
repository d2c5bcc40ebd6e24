/**
 * Playwright's `test` with the fixture `leadconduit`: a sandbox of its own for each test.
 *
 * @example
 * // playwright.config.ts: globalSetup: 'leadconduit-mock/setup'
 * import { test, expect } from 'leadconduit-mock/playwright';
 *
 * test('an outage is shown', async ({ page, leadconduit }) => {
 *   await leadconduit.useScenario('sso-outage');
 *   await page.goto(`/connections?key=${encodeURIComponent(leadconduit.apiKey)}`);
 *   await expect(page.getByRole('alert')).toBeVisible();
 * });
 */
import { test as base } from '@playwright/test';

import { sharedServer } from './environment.js';
import { collectFailure } from './failure.js';
import { Sandbox, sandboxName } from './sandbox.js';
import type { MockServer } from './server.js';

export { expect } from '@playwright/test';

/** The options of the fixture, for `use` in the configuration and `test.use`. */
export interface LeadConduitOptions {
  /** The scenario of the tests. The default is the one of the server. */
  leadconduitScenario: string | undefined;
}

/** The options of the fixture, for `use` in the configuration. */
export interface LeadConduitWorkerOptions {
  /** The URL of a running server. The default is that of the global set-up. */
  leadconduitUrl: string | undefined;
}

export interface LeadConduitFixtures {
  /** The sandbox of the test. On failure, its journal, explanations and curl commands are attached to the report. */
  leadconduit: Sandbox;
}

export interface LeadConduitWorkerFixtures {
  /** The server that all workers share. */
  leadconduitServer: MockServer;
}

export const test = base.extend<
  LeadConduitOptions & LeadConduitFixtures,
  LeadConduitWorkerOptions & LeadConduitWorkerFixtures
>({
  leadconduitUrl: [undefined, { scope: 'worker', option: true }],
  leadconduitScenario: [undefined, { option: true }],
  leadconduitServer: [
    async ({ leadconduitUrl }, use) => use(await sharedServer(leadconduitUrl ?? process.env['LEADCONDUIT_MOCK_URL'])),
    { scope: 'worker' },
  ],
  leadconduit: async ({ leadconduitServer, leadconduitScenario }, use, testInfo) => {
    const sandbox = leadconduitServer.sandbox(sandboxName(testInfo.title));
    if (leadconduitScenario !== undefined) await sandbox.useScenario(leadconduitScenario);
    await use(sandbox);
    if (testInfo.status !== testInfo.expectedStatus) {
      const failure = await collectFailure(sandbox);
      if (failure !== undefined) {
        const attach = (name: string, contentType: string, body: string): Promise<void> =>
          testInfo.attach(name, { contentType, body });
        await attach('leadconduit explanation', 'text/plain', failure.explanation);
        await attach('leadconduit curl', 'text/plain', failure.curl);
        await attach('leadconduit journal', 'application/json', JSON.stringify(failure.journal, null, 2));
      }
    }
    await sandbox.end();
  },
});
