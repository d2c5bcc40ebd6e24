// Generates src/control-api.ts from the OpenAPI document of the control API. With `--check`, it fails when the file is
// not current. The suite of the server compares the hash, without Node.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';

const source = new URL('../../../schemas/admin/openapi.yaml', import.meta.url);
const target = new URL('../src/control-api.ts', import.meta.url);
const hash = createHash('sha256').update(readFileSync(source)).digest('hex');
const header = `// Generated from schemas/admin/openapi.yaml by \`npm run types\`. Do not edit.
// SHA-256 of that file: ${hash}

`;
// A property with a default can be left out of a request.
const options = { defaultNonNullable: false };
const text = header + astToString(await openapiTypescript(source, options));

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('clients/node/src/control-api.ts differs from schemas/admin/openapi.yaml: run `npm run types`');
  process.exit(1);
}
