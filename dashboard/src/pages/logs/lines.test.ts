// What the stream of the log tells, line by line.

import { expect, test, vi } from 'vitest';
import type { LogLine } from '../../api/shape';
import { after, listen, type Told } from './lines';

const line = (id: number): LogLine => ({ id, timestamp: 0, type: 'info', source: 'web', message: String(id) });
const nothing: Told = { lines: undefined, lost: 0, error: 'broken' };

test('what was there comes first, then each line, and the oldest leave', () => {
  const first = after(nothing, { type: 'initial', logs: [line(1), line(2)] });
  expect(first.error).toBeNull();
  expect(after(first, { type: 'log', log: line(3) }).lines?.map((it) => it.id)).toEqual([1, 2, 3]);
  const full = after(nothing, { type: 'initial', logs: Array.from({ length: 2_000 }, (_, id) => line(id)) });
  const later = after(full, { type: 'log', log: line(2_000) }).lines;
  expect([later?.length, later?.[0]?.id]).toEqual([2_000, 1]);
});

test('lost lines are counted, and a break keeps what is known', () => {
  const told = after(after(nothing, { type: 'initial', logs: [line(1)] }), { type: 'lost', lost: 4 });
  expect(after(told, { type: 'lost', lost: 3 }).lost).toBe(7);
  expect(after(told, { type: 'failed', error: 'gone' })).toMatchObject({ lines: [line(1)], error: 'gone' });
});

test('who may not read the log is told so once, and does not ask again', async () => {
  vi.useFakeTimers();
  let asked = 0;
  vi.stubGlobal('fetch', () => {
    asked += 1;
    return Promise.resolve(Response.json({ message: 'for administrators' }, { status: 403 }));
  });
  const told: unknown[] = [];
  listen((change) => told.push(change));
  await vi.advanceTimersByTimeAsync(600_000);
  expect(asked).toBe(1);
  expect(told).toMatchObject([{ type: 'failed', error: { message: 'for administrators', status: 403 } }]);
});
