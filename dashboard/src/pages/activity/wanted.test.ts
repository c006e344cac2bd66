import { expect, test } from 'vitest';
import { isNarrowed, query } from './wanted';

const NOW = Date.parse('2026-11-27T21:00:00Z');

test('what the address says is asked for in the words of the API', () => {
  expect(query({ server: 'a', tool: 't', status: 'error', q: ' two words ', since: 'hour' }, NOW)).toEqual({
    server: 'a',
    tool: 't',
    status: 'error',
    text: 'two words',
    startDate: '2026-11-27T20:00:00.000Z',
  });
});

test('an address that somebody made up narrows nothing and is not refused', () => {
  expect(query({ status: 'maybe', since: 'toString', q: '  ' }, NOW)).toEqual({});
  expect(query({ q: 'x'.repeat(5_000) }, NOW).text).toHaveLength(500);
});

test('a list is narrowed where anything is said', () => {
  expect([isNarrowed({}), isNarrowed({ server: undefined }), isNarrowed({ q: 'x' })]).toEqual([false, false, true]);
});
