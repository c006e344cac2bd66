// The types are those of the description that the hub is checked against.

import { readFileSync } from 'node:fs';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, test } from 'vitest';

test('schema.d.ts is made of crates/web/openapi.json; if not: npm run types', async () => {
  const description = new URL('../crates/web/openapi.json', `file://${process.cwd()}/`);
  const made = COMMENT_HEADER + astToString(await openapiTS(description));
  expect(readFileSync('src/api/schema.d.ts', 'utf8')).toBe(made);
}, 60_000);
