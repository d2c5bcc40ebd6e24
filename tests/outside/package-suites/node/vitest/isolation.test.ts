// 200 tests in parallel on one server. Each changes its sandbox in a way that every other test would notice.
import { expect, test } from 'leadconduit-mock/vitest';

for (let number = 0; number < 200; number += 1) {
  test(`test ${number}`, async ({ leadconduit }) => {
    const headers = { 'Retry-After': String(number) };
    if (number % 3 === 1) await leadconduit.fault({ operation: 'list_connections', status: 503, headers });
    if (number % 3 === 2) await leadconduit.useScenario('sso-outage');
    const authorization = (key: string): string => `Basic ${btoa(`API:${key}`)}`;
    const list = await fetch(`${leadconduit.url}/connections`, {
      headers: { Authorization: authorization(leadconduit.apiKey) },
    });
    const repair = await fetch(`${leadconduit.url}/connections`, {
      method: 'POST',
      headers: { Authorization: authorization(leadconduit.superuserApiKey), 'Content-Type': 'application/json' },
      body: JSON.stringify({ connection_id: '5d9a4c421d011c553e000004' }),
    });
    expect([list.status, list.headers.get('Retry-After')]).toEqual(number % 3 === 1 ? [503, String(number)] : [200, null]);
    // A repair succeeds once in each world: 409 would mean that another test had made it.
    expect(repair.status).toBe(number % 3 === 2 ? 503 : 201);
    // The clock of one sandbox is not that of another.
    const time = new Date(Date.UTC(2030, 0, 1, 0, number)).toISOString();
    await leadconduit.clock.freeze(time);
    expect(Date.parse((await leadconduit.clock.show()).now)).toBe(Date.parse(time));
    await leadconduit.verify([
      { operation: 'list_connections', exactly: 1 },
      { operation: 'repair_connection', exactly: 1 },
      { no_violations: true },
    ]);
    expect(await leadconduit.requests()).toHaveLength(2);
  });
}
