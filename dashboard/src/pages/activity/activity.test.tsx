// A list that is held stands still with its sums, until somebody follows it again or there is nothing left of it.

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { known } from '../../api/hooks';
import { router } from '../../router';

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
  return (path: string) => asked.get(path)?.get('upTo');
}

test('the sums are held with the list, and after all was forgotten new calls are shown again', async () => {
  vi.stubGlobal('scrollTo', () => {});
  const upTo = hub();
  const both = () => [upTo('/api/activities'), upTo('/api/activities/stats')];
  await router.navigate({ to: '/activity' });
  render(
    <QueryClientProvider client={known}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  await screen.findByText('1 to 1 of 1');
  expect(both()).toEqual([null, null]);
  await userEvent.click(screen.getByRole('button', { name: 'Hold' }));
  await waitFor(() => expect(both()).toEqual(['7', '7']));
  await userEvent.click(screen.getByRole('button', { name: 'Forget all calls' }));
  await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Forget all calls' }));
  await waitFor(() => expect(both()).toEqual([null, null]));
  expect(await screen.findByRole('button', { name: 'Hold' })).toBeTruthy();
});
