// Reads the journal with the package `wiremock-rest-client`, as a test that was written for WireMock does.
import clients from 'wiremock-rest-client';

const url = process.argv[2];
const { requests } = new clients.WireMockRestClient(url, { logLevel: 'silent', continueOnFailure: true });
const jane = { authorization: `Basic ${btoa('API:2f1d5f29915b866c7a2fa5de29613104')}` };
let failed = 0;
const expect = (name, actual, expected) => {
  if (JSON.stringify(actual) === JSON.stringify(expected)) console.log(`ok wiremock, Node: ${name}`);
  else {
    failed += 1;
    console.log(`expected ${JSON.stringify(expected)}\nactual   ${JSON.stringify(actual)}\nFAILED wiremock, Node: ${name}`);
  }
};

for (const path of ['/user', '/connections', '/conections']) await (await fetch(url + path, { headers: jane })).text();
const listed = await requests.getAllRequests();
expect('all requests, newest first', listed.requests.map((one) => one.request.url), ['/conections', '/connections', '/user']);
expect('whether they were matched', listed.requests.map((one) => one.wasMatched), [false, true, true]);
const user = listed.requests[2];
expect('one request', (await requests.getRequest(user.id)).request, user.request);
expect('find', (await requests.findRequests({ method: 'GET', urlPath: '/user' })).requests.map((one) => one.url), ['/user']);
expect('count', (await requests.getCount({ method: 'GET', urlPattern: '/con.*' })).count, 2);
expect('unmatched', (await requests.getUnmatchedRequests()).requests.map((one) => one.url), ['/conections']);
const near = (await requests.getUnmatchedNearMisses()).nearMisses;
expect('near misses of unmatched requests', near[0].stubMapping.request, { method: 'GET', urlPathTemplate: '/connections' });
const nearest = (await requests.getNearMissesByRequest(user.request)).nearMisses[0];
expect('near misses of a request', [nearest.stubMapping.name, nearest.matchResult.distance], ['get_user', 0]);
const nearestToPattern = (await requests.getNearMissesByRequestPattern({ method: 'GET', url: '/usr' })).nearMisses[0];
expect('near misses of a pattern', nearestToPattern.request.url, '/user');
await requests.deleteRequest(user.id);
expect('one request is deleted', (await requests.getCount({})).count, 2);
expect('the requests that match a pattern are removed', (await requests.removeRequests({ urlPath: '/connections' })).serveEvents.length, 1);
expect('the removed requests are not listed', (await requests.getAllRequests()).meta.total, 1);
await requests.resetAllRequests();
expect('a reset empties the journal', (await requests.getAllRequests()).requests, []);
await (await fetch(`${url}/user`, { headers: jane })).text();
await requests.deleteAllRequests();
expect('deleting all requests empties the journal', (await requests.getAllRequests()).requests, []);
process.exit(failed > 0 ? 1 : 0);
