// Many clients do not hide what stands below them.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { Connected } from './connected';

function show(count: number, total = count) {
  const data = Array.from({ length: count }, (_, at) => ({ id: `${at}`, client: { name: `client ${at}`, version: '1' }, revision: '2025-06-18', since: '2026-11-28T10:00:00Z', lastUsed: '2026-11-28T10:00:00Z', waitingCalls: 0, calls: 0, operator: false }));
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: true, data, total })));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Connected />
    </QueryClientProvider>,
  );
}

const rows = async () => (await screen.findAllByRole('listitem')).length;

test('ten clients are shown until all of them are asked for, and whoever asked keeps his place', async () => {
  show(23, 40);
  expect(await rows()).toBe(10);
  expect(screen.queryByText(/longer ago/)).toBeNull();
  await userEvent.click(screen.getByRole('button', { name: 'Show all 23' }));
  expect(await rows()).toBe(23);
  screen.getByText('17 more were used longer ago.');
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Show fewer' }));
});

test('ten clients are all that there are: there is nothing to ask for', async () => {
  show(10);
  expect(await rows()).toBe(10);
  expect(screen.queryByRole('button', { name: /^Show/ })).toBeNull();
});
