// A line of a journal that has been kept for days.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { EntryLine } from './line';

test('a line of yesterday says its day', () => {
  const time = new Date(2026, 10, 27, 23, 59, 58);
  vi.useFakeTimers({ toFake: ['Date'], now: time.getTime() + 60_000 });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <EntryLine entry={{ time: time.toISOString(), server: 'lab', stage: 'discovery', decision: 'found' }} />
    </QueryClientProvider>,
  );
  expect(screen.getByText('Nov 27, 2026, 23:59')).toBeTruthy();
});
