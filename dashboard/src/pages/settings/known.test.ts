// Only what differs is sent.

import { expect, test } from 'vitest';
import { at, between, withAt } from './known';

test('what differs is sent at its depth, and null for what is taken out', () => {
  const old = { a: 1, routing: { x: true, y: 'z' }, gone: [1] };
  expect(between(old, { a: 1, routing: { x: false, y: 'z' }, fresh: { b: 2 } })).toEqual({ gone: null, routing: { x: false }, fresh: { b: 2 } });
  expect(between(old, old)).toEqual({});
});

test('a value is put where its path leads, and leaves again', () => {
  const settings = withAt({ install: { npmRegistry: 'x' } }, 'install_baseUrl', 'https://hub.example');
  expect(settings).toEqual({ install: { npmRegistry: 'x', baseUrl: 'https://hub.example' } });
  expect(at(settings, 'install_baseUrl')).toBe('https://hub.example');
  expect(withAt(settings, 'install_baseUrl', undefined)).toEqual({ install: { npmRegistry: 'x' } });
  expect(at(settings, 'routing_x')).toBeUndefined();
});
