// Which field a schema asks for, with what it begins, and what keeps it from being sent.

import { expect, test } from 'vitest';
import type { Json } from '../api/shape';
import { check } from './check';
import { beginning, branchOf, isMap, kindOf, type Schema } from './schema';

const issue: Schema = {
  type: 'object',
  required: ['title', 'author'],
  properties: {
    title: { type: 'string', minLength: 3 },
    labels: { type: 'array', items: { type: 'string' } },
    priority: { type: 'integer', minimum: 0, maximum: 4, default: 2 },
    author: { $ref: '#/$defs/person' },
    colours: { type: 'array', uniqueItems: true, items: { enum: ['red', 'green'] } },
  },
  $defs: { person: { type: 'object', required: ['name'], properties: { name: { type: 'string' }, boss: { $ref: '#/$defs/person' } } } },
};

const kind = (schema: Json, root: Schema = {}) => kindOf(schema, root).kind;

test('a form begins with what is required and what has a default', () => {
  expect(beginning(issue)).toEqual({ priority: 2, author: {} });
});

test('a schema that refers to itself comes to an end', () => {
  const root = { ...issue, properties: { author: { $ref: '#/$defs/person' } }, required: ['author'] };
  const endless: Schema = { $defs: { a: { type: 'object', required: ['a'], properties: { a: { $ref: '#/$defs/a' } } } }, $ref: '#/$defs/a' };
  expect(beginning(root)).toEqual({ author: {} });
  expect(JSON.stringify(beginning(endless)).length).toBeLessThan(200);
  expect(kind({ $ref: '#/$defs/b' }, { $defs: { b: { $ref: '#/$defs/b' } } })).toBe('json');
});

test('each kind of schema has its kind of field', () => {
  expect(kind({ type: 'string' })).toBe('text');
  expect(kind({ type: ['string', 'null'] })).toBe('text');
  expect(kind({ anyOf: [{ type: 'integer' }, { type: 'null' }], default: null })).toBe('number');
  expect(kind({ enum: ['a', 'b'] })).toBe('choice');
  expect(kind({ oneOf: [{ const: 1, title: 'One' }, { const: 2 }] })).toBe('choice');
  expect(kind({ anyOf: [{ type: 'string' }, { type: 'object', properties: { a: {} } }] })).toBe('either');
  expect(kind({ type: ['string', 'number'] })).toBe('either');
  expect(kind({ type: 'array', items: { type: 'object', properties: { a: {} } } })).toBe('list');
  expect(kind({ type: 'array', uniqueItems: true, items: { enum: [1, 2] } })).toBe('several');
  expect(kind({ type: 'object', additionalProperties: true })).toBe('json');
  expect(kind({ const: 'x' })).toBe('fixed');
  expect(kind({})).toBe('json');
});

test('allOf is put together', () => {
  const both = kindOf({ allOf: [{ properties: { a: { type: 'string' } }, required: ['a'] }, { properties: { b: { type: 'number' } } }] }, {});
  expect(both.kind === 'object' && both.fields.map((field) => [field.name, field.required])).toEqual([
    ['a', true],
    ['b', false],
  ]);
});

test('of oneOf, the branch is taken that knows what the value says', () => {
  const root: Schema = { oneOf: [{ type: 'object', required: ['kind'], properties: { kind: { const: 'file' }, path: { type: 'string' } } }, { type: 'object', required: ['kind'], properties: { kind: { const: 'web' }, url: { type: 'string' } } }] };
  const it = kindOf(root, root);
  if (it.kind !== 'either') throw new Error(it.kind);
  expect(branchOf({ kind: 'web', url: 'x' }, it.branches, root)).toBe(1);
  expect(branchOf({ kind: 'file' }, it.branches, root)).toBe(0);
});

test('what is missing, no number, or out of bounds is found where it stands', () => {
  const found = check(issue, { title: 'ab', priority: 7, labels: ['x'], author: { boss: { name: 1 } } }, issue, true);
  expect(found).toEqual([
    { path: 'title', complaint: 'tooShort', limit: 3 },
    { path: 'priority', complaint: 'tooLarge', limit: 4 },
    { path: 'author.name', complaint: 'missing' },
  ]);
  expect(check({ type: 'number' }, 'many', {}, true)).toEqual([{ path: '', complaint: 'noNumber' }]);
  expect(check({ type: 'integer' }, 1.5, {}, true)).toEqual([{ path: '', complaint: 'noWhole' }]);
});

test('a whole form that is right has no fault', () => {
  expect(check(issue, { title: 'abc', author: { name: 'ada' }, colours: ['red'] }, issue, true)).toEqual([]);
});

test('only objects are maps', () => {
  expect([null, [], 'x', 1].some(isMap)).toBe(false);
});
