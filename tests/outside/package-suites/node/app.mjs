// The application under test: a page that lists connections, repairs one, and shows both responses.
import { createServer } from 'node:http';

const page = `<!doctype html><title>Connections</title><output></output><script type="module">
const { url, key, superuser } = Object.fromEntries(new URLSearchParams(location.search));
const headers = (key) => ({ Authorization: 'Basic ' + btoa('API:' + key), 'Content-Type': 'application/json' });
const list = await fetch(url + '/connections', { headers: headers(key) });
const body = JSON.stringify({ connection_id: '5d9a4c421d011c553e000004' });
const repair = await fetch(url + '/connections', { method: 'POST', headers: headers(superuser), body });
document.querySelector('output').textContent =
  [list.status, list.headers.get('Retry-After') ?? 'none', repair.status].join(' ');
</script>`;

createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(page)).listen(
  Number(process.env.APP_PORT),
  '127.0.0.1',
);
