// Only what differs is sent.

import { expect, test } from 'vitest';
import { at, between, rebased, withAt } from './known';

test('what differs is sent at its depth, and null for what is taken out', () => {
  const old = { a: 1, routing: { x: true, y: 'z' }, gone: [1] };
  expect(between(old, { a: 1, routing: { x: false, y: 'z' }, fresh: { b: 2 } })).toEqual({ gone: null, routing: { x: false }, fresh: { b: 2 } });
  expect(between(old, old)).toEqual({});
});

test('a change is done to what is there by now, whatever became of that', () => {
  const old = { kept: 1, mine: 1, gone: 1, in: { a: 1, b: 1 } };
  const now = { kept: 1, mine: null, in: { a: 2, b: 1 }, fresh: { c: 3 } };
  expect(rebased(old, now, old)).toEqual(now);
  expect(rebased(old, now, { kept: 2, gone: 2, in: { b: 5, d: 4 }, theirs: true })).toEqual({ kept: 2, mine: null, in: { a: 2, b: 5, d: 4 }, theirs: true, fresh: { c: 3 } });
  expect(rebased(old, now, {})).toEqual({ mine: null, in: { a: 2, b: 1 }, fresh: { c: 3 } });
  expect(rebased(old, old, { theirs: true })).toEqual({ theirs: true });
});

test('a value is put where its path leads, and leaves again', () => {
  const settings = withAt({ install: { npmRegistry: 'x' } }, 'install_baseUrl', 'https://hub.example');
  expect(settings).toEqual({ install: { npmRegistry: 'x', baseUrl: 'https://hub.example' } });
  expect(at(settings, 'install_baseUrl')).toBe('https://hub.example');
  expect(withAt(settings, 'install_baseUrl', undefined)).toEqual({ install: { npmRegistry: 'x' } });
  expect(at(settings, 'routing_x')).toBeUndefined();
});
