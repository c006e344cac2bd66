// A page that breaks takes nothing along.

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { known } from './api/hooks';
import { router } from './router';

vi.mock('./pages/home/home', () => ({
  Home: () => {
    throw new Error('this page is broken');
  },
}));

test('a page that breaks says so in its place, and the way to the others stays', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.stubGlobal('scrollTo', () => {});
  vi.stubGlobal('fetch', (asked: Request | string) => {
    const isUser = asked instanceof Request && asked.url.endsWith('/api/auth/user');
    return isUser ? Promise.resolve(Response.json({ success: true, user: { username: 'ada', isAdmin: true } })) : new Promise(() => {});
  });
  render(
    <QueryClientProvider client={known}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  expect(await screen.findByText('this page is broken')).toBeTruthy();
  expect(screen.getByRole('button', { name: 'Try again' })).toBeTruthy();
  expect(screen.getByRole('link', { name: 'Servers' })).toBeTruthy();
});
