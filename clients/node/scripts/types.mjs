// Generates src/control-api.ts from the OpenAPI document of the control API. With `--check`, it fails when the file is
// not current.
import { readFileSync, writeFileSync } from 'node:fs';
import { URL } from 'node:url';
import openapiTypescript, { astToString } from 'openapi-typescript';

const source = new URL('../../../schemas/admin/openapi.yaml', import.meta.url);
const target = new URL('../src/control-api.ts', import.meta.url);
const header = '// Generated from schemas/admin/openapi.yaml by `npm run types`. Do not edit.\n\n';
// A property with a default can be left out of a request.
const options = { defaultNonNullable: false };
const text = header + astToString(await openapiTypescript(source, options));

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  console.error('clients/node/src/control-api.ts differs from schemas/admin/openapi.yaml: run `npm run types`');
  process.exit(1);
}
