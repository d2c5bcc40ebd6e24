// A test that fails, for what is attached to its report.
import { expect, test } from 'leadconduit-mock/playwright';

test('a rejected repair', async ({ leadconduit }) => {
  const response = await fetch(`${leadconduit.url}/connections`, {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`API:${leadconduit.superuserApiKey}`)}`, 'Content-Type': 'application/json' },
    body: '{"connection": "5d9a4c421d011c553e000004"}',
  });
  expect(response.status).toBe(201);
});
