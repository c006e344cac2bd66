// For whom a key is made; and it is shown once, until somebody says that he has kept it.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { act, render, screen, waitFor } from '@testing-library/react';
import userEvent, { PointerEventsCheckLevel } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import type { JsonMap } from '../../api/shape';
import { MakeKey } from './make';

/** A hub with two users that makes every key; gives what was sent to make one. */
function hub() {
  const sent: JsonMap[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.url.endsWith('/api/users')) return Response.json({ success: true, data: [{ username: 'ada', isAdmin: true }, { username: 'bob', isAdmin: false }] });
    if (request.method !== 'POST' || !request.url.endsWith('/api/auth/keys')) return new Promise(() => {});
    const wish = (await request.json()) as JsonMap;
    sent.push(wish);
    return Response.json({ success: true, data: { ...wish, id: 'k1', token: 'only-now' } }, { status: 201 });
  });
  return sent;
}

function show(onClose = () => {}) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <MakeKey onClose={onClose} />
    </QueryClientProvider>,
  );
  return client;
}

const make = () => userEvent.click(screen.getByRole('button', { name: 'Make the key' }));
const forWhom = () => screen.getByLabelText<HTMLSelectElement>('For whom');

test('the dialog with the new key is closed by its button, and not by Escape or a click beside it', async () => {
  hub();
  const onClose = vi.fn();
  // What is beside a dialog takes no pointer: Radix hears of the press all the same.
  const person = userEvent.setup({ pointerEventsCheck: PointerEventsCheckLevel.Never });
  show(onClose);
  await person.type(screen.getByLabelText('Name'), 'Cursor');
  await person.click(screen.getByRole('button', { name: 'Make the key' }));
  await screen.findByText('only-now');
  await person.keyboard('{Escape}');
  await person.click(document.body);
  expect(onClose).not.toHaveBeenCalled();
  expect(screen.queryByRole('button', { name: 'Close' })).toBeNull();
  await person.click(screen.getByRole('button', { name: 'I have kept it' }));
  expect(onClose).toHaveBeenCalledOnce();
});

test('a key is for everybody who has it, unless a user is chosen', async () => {
  const sent = hub();
  show();
  await userEvent.type(screen.getByLabelText('Name'), ' Cursor ');
  await make();
  await screen.findByText('only-now');
  expect(sent).toEqual([{ name: 'Cursor', kind: 'system', accessType: 'all', allowedGroups: [], allowedServers: [] }]);
});

test('a key for a user is sent as his, and nothing is asked or said of what it opens', async () => {
  const sent = hub();
  show();
  await userEvent.type(screen.getByLabelText('Name'), 'Cursor');
  await userEvent.selectOptions(screen.getByLabelText('What it opens'), 'custom');
  await screen.findByRole('option', { name: 'bob' });
  await userEvent.selectOptions(forWhom(), 'bob');
  expect(screen.queryByLabelText('What it opens')).toBeNull();
  expect(screen.queryByRole('group')).toBeNull();
  await make();
  await screen.findByText('only-now');
  expect(sent).toEqual([{ name: 'Cursor', kind: 'user', owner: 'bob' }]);
});

test('a user who is deleted while he is chosen stays chosen: his key does not become one for everybody', async () => {
  const sent = hub();
  const client = show();
  await userEvent.type(screen.getByLabelText('Name'), 'Cursor');
  await screen.findByRole('option', { name: 'bob' });
  await userEvent.selectOptions(forWhom(), 'bob');
  act(() => client.setQueryData(keys.users, [{ username: 'ada', isAdmin: true }]));
  expect(forWhom().value).toBe('bob');
  await make();
  await waitFor(() => expect(sent).toEqual([{ name: 'Cursor', kind: 'user', owner: 'bob' }]));
});

test('users who cannot be read are said to be so, and a key for everybody is made all the same', async () => {
  vi.stubGlobal('fetch', (request: Request) => {
    const made = request.url.endsWith('/api/auth/keys');
    return Promise.resolve(made ? Response.json({ success: true, data: { id: 'k1', name: 'Cursor', token: 'only-now' } }) : Response.json({ success: false, message: 'no users today' }, { status: 500 }));
  });
  show();
  await screen.findByText('no users today');
  await userEvent.type(screen.getByLabelText('Name'), 'Cursor');
  await make();
  await screen.findByText('only-now');
});
