// A registry for the packages of one scope, in place of the public one, where they are not published yet.
// `node package-registry.mjs FOLDER PLATFORMS`: serves the tarballs in FOLDER, and the manifests in the subfolders of
// PLATFORMS, on a free port. Prints its address.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const [folder, platforms] = process.argv.slice(2);
const manifests = new Map(
  readdirSync(platforms).map((name) => {
    const manifest = JSON.parse(readFileSync(join(platforms, name, 'package.json'), 'utf8'));
    return [manifest.name, manifest];
  }),
);

const server = createServer((request, response) => {
  const path = decodeURIComponent(request.url);
  const manifest = manifests.get(path.slice(1));
  if (manifest !== undefined) {
    const { name, version } = manifest;
    const file = `${name.slice(1).replace('/', '-')}-${version}.tgz`;
    const dist = { tarball: `http://${request.headers.host}/${file}` };
    if (existsSync(join(folder, file))) {
      dist.integrity = `sha512-${createHash('sha512').update(readFileSync(join(folder, file))).digest('base64')}`;
    }
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } }));
  } else if (/^\/[\w.-]+\.tgz$/.test(path) && existsSync(join(folder, path))) {
    response.end(readFileSync(join(folder, path)));
  } else {
    response.statusCode = 404;
    response.end('{}');
  }
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
