// The keys come from the schema that the hub serves, and from nothing that is kept here.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { JsonMap } from '../../api/shape';
import { describedKeys } from './described';
import { FLAGS, TEXTS } from './known';

const served = JSON.parse(readFileSync('../crates/settings/schema/mcp_settings.json', 'utf8')) as JsonMap;

test('each key is told with its path, its kinds, what it usually is and what it does', () => {
  const schema: JsonMap = {
    definitions: { flag: { type: ['boolean', 'string', 'null'] } },
    properties: {
      systemConfig: {
        properties: {
          routing: { type: ['object', 'null'], properties: { open: { description: 'lets everybody in', default: false, allOf: [{ $ref: '#/definitions/flag' }] } } },
          login: { type: 'object', description: 'who may log in', properties: { name: { type: 'string' } } },
        },
      },
    },
  };
  expect(describedKeys(schema)).toEqual([
    { path: 'routing.open', kinds: 'boolean | string', usual: 'false', description: 'lets everybody in' },
    { path: 'login', kinds: 'object', description: 'who may log in' },
    { path: 'login.name', kinds: 'string' },
  ]);
  expect(describedKeys({})).toEqual([]);
});

test('the served schema describes every setting that has a field of its own', () => {
  const paths = describedKeys(served).map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining([...TEXTS, ...FLAGS].map(({ path }) => path.replaceAll('_', '.'))));
});
