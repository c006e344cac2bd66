// For what a key is made that a client gets.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { KeyChoice } from './key-choice';

const button = () => screen.findByRole<HTMLButtonElement>('button', { name: 'Make a key for it' });

function hub(groups: () => Response) {
  const wishes: unknown[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname;
    if (path === '/api/auth/user') return Response.json({ success: true, user: { username: 'ada', isAdmin: true } });
    if (path === '/api/groups') return groups();
    if (request.method === 'POST') wishes.push(await request.json());
    return Response.json({ success: true, data: { token: 'secret' } });
  });
  return wishes;
}

function shown(endpoint: string) {
  const known = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={known}>
      <KeyChoice client="cursor" endpoint={endpoint} chosen={{ wanted: true }} state="unknown" asks onChange={() => {}} />
    </QueryClientProvider>,
  );
}

test('while the groups cannot be read, no key is made for a server that may be a group', async () => {
  let broken = true;
  const wishes = hub(() => (broken ? Response.json({ message: 'the file is broken' }, { status: 500 }) : Response.json({ success: true, data: [{ id: '1', name: 'team', servers: [] }] })));
  shown('team');
  await screen.findByText('the file is broken');
  expect((await button()).disabled).toBe(true);
  broken = false;
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(async () => expect((await button()).disabled).toBe(false));
  await userEvent.click(await button());
  await waitFor(() => expect(wishes).toEqual([{ name: 'cursor', accessType: 'groups', allowedGroups: ['team'] }]));
});

test('a key for everything needs no groups', async () => {
  const wishes = hub(() => Response.json({ message: 'the file is broken' }, { status: 500 }));
  shown('');
  await userEvent.click(await button());
  await waitFor(() => expect(wishes).toEqual([{ name: 'cursor', accessType: 'all' }]));
});
