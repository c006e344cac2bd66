// A machine without a network still has its own hub.

import { onlineManager, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { known, useListChange, useUser } from './hooks';

afterEach(() => onlineManager.setOnline(true));

function Person() {
  const user = useUser().data;
  const change = useListChange([], () => Promise.resolve('done'));
  return (
    <>
      <p>{user?.username}</p>
      <button onClick={() => change.mutate(undefined)}>{change.data ?? 'do it'}</button>
    </>
  );
}

test('a browser that is offline asks the hub all the same, and a button does what it says', async () => {
  onlineManager.setOnline(false);
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: true, user: { username: 'ada', isAdmin: true } })));
  render(
    <QueryClientProvider client={known}>
      <Person />
    </QueryClientProvider>,
  );
  expect(await screen.findByText('ada')).toBeTruthy();
  await userEvent.click(screen.getByRole('button', { name: 'do it' }));
  expect(await screen.findByRole('button', { name: 'done' })).toBeTruthy();
});
