// The journal through the package `wiremock-rest-client`, as a test that was written for WireMock would use it.
import clients from 'wiremock-rest-client';

const url = process.argv[2];
const { requests } = new clients.WireMockRestClient(url, { logLevel: 'silent', continueOnFailure: true });
const jane = { authorization: `Basic ${btoa('API:2f1d5f29915b866c7a2fa5de29613104')}` };
let failed = 0;
const expect = (name, seen, wanted) => {
  if (JSON.stringify(seen) === JSON.stringify(wanted)) console.log(`ok wiremock, Node: ${name}`);
  else {
    failed += 1;
    console.log(`expected ${JSON.stringify(wanted)}\nseen     ${JSON.stringify(seen)}\nFAILED wiremock, Node: ${name}`);
  }
};

for (const path of ['/user', '/connections', '/conections']) await (await fetch(url + path, { headers: jane })).text();
const listed = await requests.getAllRequests();
expect('all requests, the newest first', listed.requests.map((one) => one.request.url), ['/conections', '/connections', '/user']);
expect('which were matched', listed.requests.map((one) => one.wasMatched), [false, true, true]);
const user = listed.requests[2];
expect('one request', (await requests.getRequest(user.id)).request, user.request);
expect('find', (await requests.findRequests({ method: 'GET', urlPath: '/user' })).requests.map((one) => one.url), ['/user']);
expect('count', (await requests.getCount({ method: 'GET', urlPattern: '/con.*' })).count, 2);
expect('unmatched', (await requests.getUnmatchedRequests()).requests.map((one) => one.url), ['/conections']);
const near = (await requests.getUnmatchedNearMisses()).nearMisses;
expect('near misses of what met nothing', near[0].stubMapping.request, { method: 'GET', urlPathTemplate: '/connections' });
const nearest = (await requests.getNearMissesByRequest(user.request)).nearMisses[0];
expect('near misses of a request', [nearest.stubMapping.name, nearest.matchResult.distance], ['get_user', 0]);
const wanted = (await requests.getNearMissesByRequestPattern({ method: 'GET', url: '/usr' })).nearMisses[0];
expect('near misses of a pattern', wanted.request.url, '/user');
await requests.deleteRequest(user.id);
expect('one is deleted', (await requests.getCount({})).count, 2);
expect('those of a pattern are removed', (await requests.removeRequests({ urlPath: '/connections' })).serveEvents.length, 1);
expect('and gone', (await requests.getAllRequests()).meta.total, 1);
await requests.resetAllRequests();
expect('a reset empties it', (await requests.getAllRequests()).requests, []);
await (await fetch(`${url}/user`, { headers: jane })).text();
await requests.deleteAllRequests();
expect('so does deleting all', (await requests.getAllRequests()).requests, []);
process.exit(failed > 0 ? 1 : 0);
