// A group is saved with what was changed of whom it is for.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import type { Group, JsonMap } from '../../api/shape';
import { GroupEditor } from './editor';

/** A hub that takes every group; gives how it was asked. */
function hub() {
  const sent: [string, JsonMap][] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'GET') return Response.json({ success: true, data: [{ username: 'bob', isAdmin: false }, { username: 'eve', isAdmin: false }] });
    const wish = (await request.json()) as JsonMap;
    sent.push([request.method, wish]);
    return Response.json({ success: true, data: { servers: [], ...wish } });
  });
  return sent;
}

function edit(group?: Group) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  client.setQueryData(keys.user, { username: 'ada', isAdmin: true });
  client.setQueryData(keys.servers, { data: [] });
  const onClose = vi.fn();
  render(
    <QueryClientProvider client={client}>
      <GroupEditor group={group} onClose={onClose} />
    </QueryClientProvider>,
  );
  return onClose;
}

const choose = (name: string) => userEvent.click(screen.getByRole('radio', { name }));
const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));
const RED: Group = { id: 'g', name: 'red', description: '', servers: [], owner: 'kim' };
const BARE = { name: 'red', description: '', servers: [] };

test('a new group is its maker’s alone, unless it is shared', async () => {
  const sent = hub();
  edit();
  expect(screen.getByText(/^It belongs to ada\./)).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Only its owner and administrators' }).checked).toBe(true);
  await userEvent.type(screen.getByLabelText('Name'), 'red');
  await choose('These users');
  await userEvent.click(await screen.findByRole('checkbox', { name: 'eve' }));
  await save();
  await waitFor(() => expect(sent).toEqual([['POST', { ...BARE, visibility: 'group', sharedWithUsers: ['eve'] }]]));
});

test('a group that says nothing of it is for every user, and goes on saying nothing when something else is changed', async () => {
  const sent = hub();
  const onClose = edit(RED);
  expect(screen.getByText(/^It belongs to kim\./)).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Every user' }).checked).toBe(true);
  await choose('These users');
  await choose('Every user');
  await save();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(sent).toEqual([['PUT', BARE]]);
});

test('of a shared group, only what was changed of it is sent', async () => {
  const sent = hub();
  edit({ ...RED, visibility: 'group', sharedWithUsers: ['gone', 'bob'] });
  await userEvent.click(await screen.findByRole('checkbox', { name: 'gone' }));
  await save();
  await waitFor(() => expect(sent).toEqual([['PUT', { ...BARE, sharedWithUsers: ['bob'] }]]));
});

test('a refusal is shown, and what was chosen stays', async () => {
  hub();
  edit({ ...RED, visibility: 'private' });
  await choose('These users');
  await userEvent.click(await screen.findByRole('checkbox', { name: 'eve' }));
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: false, message: 'there is no user named "eve"' }, { status: 400 })));
  await save();
  await screen.findByText('there is no user named "eve"');
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'eve' }).checked).toBe(true);
});
