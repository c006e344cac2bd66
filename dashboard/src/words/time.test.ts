// What was on another day is not taken for today's.

import { expect, test, vi } from 'vitest';
import { sinceToday } from './time';

test('a time of today is a clock, and one of another day says the day, also after midnight has passed', () => {
  const noon = new Date(2026, 10, 27, 12, 0, 5);
  vi.useFakeTimers({ toFake: ['Date'], now: noon.getTime() + 60_000 });
  expect(sinceToday(noon.toISOString(), 'en')).toBe('12:00:05');
  vi.setSystemTime(noon.getTime() + 24 * 3_600_000);
  expect(sinceToday(noon.toISOString(), 'en')).toBe('Nov 27, 2026, 12:00');
});
