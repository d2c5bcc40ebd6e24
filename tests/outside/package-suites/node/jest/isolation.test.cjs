// Jest has no fixtures: a sandbox per test is one line.
const { connectMock, sandboxName } = require('leadconduit-mock');

const sandboxOf = async (title) => (await connectMock(process.env.LEADCONDUIT_MOCK_URL)).sandbox(sandboxName(title));

test.each(Array.from({ length: 20 }, (_, number) => number))('test %i', async (number) => {
  const leadconduit = await sandboxOf(`test ${number}`);
  if (number % 2 === 1) await leadconduit.useScenario('sso-outage');
  const response = await fetch(`${leadconduit.url}/connections`, {
    headers: { Authorization: `Basic ${btoa(`API:${leadconduit.apiKey}`)}` },
  });
  expect(response.headers.get('X-Connections-Degraded')).toBe(number % 2 === 1 ? 'true' : null);
  await leadconduit.verify([{ operation: 'list_connections', exactly: 1 }]);
});
