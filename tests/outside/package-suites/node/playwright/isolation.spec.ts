// 200 tests in parallel on one server. Each changes its sandbox in a way that every other test would notice. One in eight
// opens a page, which takes most of the time.
import type { APIRequestContext } from '@playwright/test';
import type { Sandbox } from 'leadconduit-mock';
import { expect, test } from 'leadconduit-mock/playwright';

/** What the page of `app.mjs` shows, without a browser. */
async function call(request: APIRequestContext, { url, apiKey, superuserApiKey }: Sandbox): Promise<string> {
  const headers = (key: string) => ({ Authorization: `Basic ${btoa(`API:${key}`)}` });
  const list = await request.get(`${url}/connections`, { headers: headers(apiKey) });
  const data = { connection_id: '5d9a4c421d011c553e000004' };
  const repair = await request.post(`${url}/connections`, { headers: headers(superuserApiKey), data });
  return [list.status(), list.headers()['retry-after'] ?? 'none', repair.status()].join(' ');
}

/** One in three tests breaks the list of connections, one in three has another scenario. */
async function prepare(leadconduit: Sandbox, number: number): Promise<void> {
  const headers = { 'Retry-After': String(number) };
  if (number % 3 === 1) await leadconduit.fault({ operation: 'list_connections', status: 503, headers });
  if (number % 3 === 2) await leadconduit.useScenario('sso-outage');
}

/** A repair succeeds once in each world: 409 would mean that another test had made it. */
function expected(number: number): string {
  return `${number % 3 === 1 ? `503 ${number}` : '200 none'} ${number % 3 === 2 ? 503 : 201}`;
}

/** The journal has the requests of this test only. */
async function check(leadconduit: Sandbox): Promise<void> {
  await leadconduit.verify([
    { operation: 'list_connections', exactly: 1 },
    { operation: 'repair_connection', exactly: 1 },
    { no_violations: true },
  ]);
  expect(await leadconduit.requests()).toHaveLength(2);
}

for (let number = 0; number < 200; number += 1) {
  if (number % 8 === 0) {
    test(`test ${number}`, async ({ page, leadconduit }) => {
      await prepare(leadconduit, number);
      const { url, apiKey: key, superuserApiKey: superuser } = leadconduit;
      await page.goto(`http://127.0.0.1:${process.env.APP_PORT}/?${new URLSearchParams({ url, key, superuser })}`);
      await expect(page.locator('output')).toHaveText(expected(number));
      await check(leadconduit);
    });
  } else {
    test(`test ${number}`, async ({ request, leadconduit }) => {
      await prepare(leadconduit, number);
      expect(await call(request, leadconduit)).toBe(expected(number));
      await check(leadconduit);
    });
  }
}
