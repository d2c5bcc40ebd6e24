import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

/** The version of this package. It equals that of the binary. */
export const VERSION: string = (createRequire(__filename)('../package.json') as { version: string }).version;

/** The platforms that have a package with the binary. */
const PLATFORMS = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];

/** The binary cannot be found. The message says what to do. */
export class BinaryNotFoundError extends Error {
  override readonly name = 'BinaryNotFoundError';
}

/**
 * The path of the `leadconduit-mock` binary: the argument, else the environment variable `LEADCONDUIT_MOCK_BINARY`, else
 * the binary of the package for this platform.
 *
 * @throws {@link BinaryNotFoundError}
 */
export function findBinary(path: string | undefined = process.env['LEADCONDUIT_MOCK_BINARY'] || undefined): string {
  if (path !== undefined) {
    if (!existsSync(path)) {
      throw new BinaryNotFoundError(`${path} does not exist. It was given as the path of the leadconduit-mock binary.`);
    }
    return path;
  }
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw new BinaryNotFoundError(
      `leadconduit-mock has no package for ${platform} (only for ${PLATFORMS.join(', ')}). Build the binary with ` +
        '`cargo install --locked leadconduit-mock`, and set LEADCONDUIT_MOCK_BINARY to its path.',
    );
  }
  const name = `@leadconduit-mock/${platform}`;
  const file = process.platform === 'win32' ? 'leadconduit-mock.exe' : 'leadconduit-mock';
  try {
    return createRequire(__filename).resolve(`${name}/bin/${file}`);
  } catch {
    throw new BinaryNotFoundError(
      `The package ${name}, which contains the binary for this platform, is not installed. It is an optional ` +
        'dependency of leadconduit-mock: install again without `--omit=optional` (`--no-optional`), and on this ' +
        'platform rather than copying node_modules from another one. Or set LEADCONDUIT_MOCK_BINARY to the path of a ' +
        'binary.',
    );
  }
}
