// A list that is held stands still with its sums, until somebody follows it again, there is nothing left of it, or another is looked at.

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { act, configure, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { known } from '../../api/hooks';
import { keys } from '../../api/keys';
import { router } from '../../router';

// Each page is loaded when it is first shown.
configure({ asyncUtilTimeout: 10_000 });

const call = { id: '7', timestamp: '2026-01-01T00:00:01.000Z', server: 'shop', tool: 'read', duration: 3, status: 'success', outcome: 'answered' };
const sums = { totalCalls: 1, successCount: 1, errorCount: 0, avgDuration: 3, medianDuration: 3, p95Duration: 3 };

/** The hub, and what was asked last of each of its addresses. */
function hub() {
  const asked = new Map<string, URLSearchParams>();
  const answers: Record<string, unknown> = {
    '/api/auth/user': { success: true, user: { username: 'ada', isAdmin: true } },
    '/api/servers': { success: true, data: [] },
    '/api/activities': { success: true, data: [call], pagination: { page: 1, limit: 50, total: 1, totalPages: 1, hasNextPage: false, hasPrevPage: false } },
    '/api/activities/stats': { success: true, data: sums },
    '/api/activities/filters': { success: true, data: { servers: ['shop'], tools: ['read'], groups: [], keyNames: [] } },
    '/api/activities/cleanup': { success: true, data: { deletedCount: 1 } },
  };
  vi.stubGlobal('fetch', (request: Request | string) => {
    if (!(request instanceof Request)) return new Promise(() => {});
    const { pathname, searchParams } = new URL(request.url);
    asked.set(pathname, searchParams);
    return pathname in answers ? Promise.resolve(Response.json(answers[pathname])) : new Promise(() => {});
  });
  return (path: string, name: string) => asked.get(path)?.get(name);
}

/** The page at an address; gives what the list and its sums were asked for last. */
async function open(search = '') {
  vi.stubGlobal('scrollTo', () => {});
  known.clear();
  const asked = hub();
  render(
    <QueryClientProvider client={known}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  act(() => router.history.replace(`/activity${search}`));
  const since = search === '' ? null : expect.any(String);
  await waitFor(() => expect([asked('/api/activities', 'startDate'), asked('/api/activities/stats', 'startDate')]).toEqual([since, since]));
  await screen.findByText('1 to 1 of 1');
  return (name: string) => ['/api/activities', '/api/activities/stats'].map((path) => asked(path, name));
}

const press = (name: string) => userEvent.click(screen.getByRole('button', { name }));

test('the sums are held with the list, and after all was forgotten new calls are shown again', async () => {
  const both = await open();
  expect(both('upTo')).toEqual([null, null]);
  await press('Hold');
  await waitFor(() => expect(both('upTo')).toEqual(['7', '7']));
  await press('Forget all calls');
  await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Forget all calls' }));
  await waitFor(() => expect(both('upTo')).toEqual([null, null]));
  expect(await screen.findByRole('button', { name: 'Hold' })).toBeTruthy();
});

test('a list of the last minutes that is held loses nothing while time goes on', async () => {
  const both = await open('?since=quarter');
  await press('Hold');
  await waitFor(() => expect(both('upTo')).toEqual(['7', '7']));
  const since = both('startDate');
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10 * 60_000 });
  await known.invalidateQueries({ queryKey: keys.activity });
  expect(both('startDate')).toEqual(since);
});

test('a list of the last minutes is asked for again as time goes on, though nothing is called', async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const both = await open('?since=quarter');
  const before = both('startDate');
  await vi.advanceTimersByTimeAsync(61_000);
  for (const [place, since] of both('startDate').entries()) expect(Date.parse(since ?? '') - Date.parse(before[place] ?? '')).toBeGreaterThanOrEqual(30_000);
});

test('who comes back to a list that he held sees the newest calls', async () => {
  const both = await open();
  await press('Hold');
  await waitFor(() => expect(both('upTo')).toEqual(['7', '7']));
  const status = screen.getByRole('combobox', { name: 'What came of it' });
  await userEvent.selectOptions(status, 'error');
  await waitFor(() => expect(both('status')).toEqual(['error', 'error']));
  // What was read of the first list is read anew, so that it is seen how.
  known.removeQueries({ queryKey: keys.activity, type: 'inactive' });
  await userEvent.selectOptions(status, '');
  await waitFor(() => expect(both('status')).toEqual([null, null]));
  expect(both('upTo')).toEqual([null, null]);
  expect(screen.getByRole('button', { name: 'Hold' })).toBeTruthy();
});
