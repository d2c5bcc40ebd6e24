// Packs the packages for npm: `node scripts/pack.mjs FOLDER [PLATFORM=BINARY ...]` writes the tarball of the main package
// and that of each given platform, such as `linux-x64=target/dist/leadconduit-mock`, to the folder.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const [folder, ...binaries] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node scripts/pack.mjs FOLDER [PLATFORM=BINARY ...]');
  process.exit(2);
}
const target = resolve(folder);
mkdirSync(target, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'leadconduit-mock-pack-'));

const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const manifest = read(join(root, 'package.json'));
const platforms = readdirSync(join(root, 'platforms')).map((name) => read(join(root, 'platforms', name, 'package.json')));
for (const platform of platforms) {
  if (platform.version !== manifest.version) {
    throw new Error(`${platform.name} is version ${platform.version}, but leadconduit-mock is ${manifest.version}`);
  }
}

function pack(source) {
  // npm adds a licence that is in the folder.
  const license = join(root, '../../LICENSE');
  if (existsSync(license)) copyFileSync(license, join(source, 'LICENSE'));
  const options = { cwd: source, stdio: ['ignore', 'inherit', 'inherit'] };
  execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', target], options);
}

try {
  // The published manifest names the platforms. The one in the repository does not, so that its lock file needs no
  // packages that are not published yet.
  const main = join(staging, 'main');
  for (const part of ['bin', 'dist', 'README.md']) cpSync(join(root, part), join(main, part), { recursive: true });
  delete manifest.private;
  delete manifest.scripts;
  delete manifest.devDependencies;
  manifest.optionalDependencies = Object.fromEntries(platforms.map((one) => [one.name, one.version]));
  writeFileSync(join(main, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  pack(main);
  for (const argument of binaries) {
    const [platform, binary] = argument.split('=');
    const source = join(staging, platform);
    cpSync(join(root, 'platforms', platform), source, { recursive: true });
    const [path] = read(join(source, 'package.json')).files;
    mkdirSync(join(source, 'bin'), { recursive: true });
    copyFileSync(binary, join(source, path));
    chmodSync(join(source, path), 0o755);
    pack(source);
  }
} finally {
  rmSync(staging, { recursive: true });
}
