// A group is saved with what was changed of whom it is for.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import type { Group, JsonMap } from '../../api/shape';
import { GroupEditor } from './editor';

/** A hub that takes every change of a group, and whose groups are these by now; gives how it was asked. */
function hub(...groups: Group[]) {
  const sent: [string, JsonMap][] = [];
  const users = [{ username: 'bob', isAdmin: false }, { username: 'eve', isAdmin: false }];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'GET') return Response.json({ success: true, data: request.url.endsWith('/groups') ? groups : users });
    const wish = (await request.json()) as JsonMap;
    sent.push([request.method, wish]);
    return Response.json({ success: true, data: { servers: [], ...wish } });
  });
  return sent;
}

const SERVERS = ['shop', 'till', 'store'].map((name) => ({ name, tools: [{ name: `${name}-add`, enabled: true }, { name: `${name}-sum`, enabled: true }], prompts: [], resources: [] }));

function edit(group?: Group) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  client.setQueryData(keys.user, { username: 'ada', isAdmin: true });
  client.setQueryData(keys.servers, { data: SERVERS });
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
  const sent = hub(RED);
  const onClose = edit(RED);
  expect(screen.getByText(/^It belongs to kim\./)).toBeTruthy();
  expect(screen.getByRole<HTMLInputElement>('radio', { name: 'Every user' }).checked).toBe(true);
  await choose('These users');
  await choose('Every user');
  await userEvent.type(screen.getByLabelText('Description'), 'of red things');
  await save();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(sent).toEqual([['PUT', { description: 'of red things' }]]);
});

test('of a shared group, only what was changed of it is sent, and nothing where nothing was', async () => {
  const shared: Group = { ...RED, visibility: 'group', sharedWithUsers: ['gone', 'bob'] };
  const sent = hub(shared);
  const onClose = edit(shared);
  await userEvent.click(await screen.findByRole('checkbox', { name: 'gone' }));
  await userEvent.click(await screen.findByRole('checkbox', { name: 'gone' }));
  await save();
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(sent).toEqual([]);
  await userEvent.click(await screen.findByRole('checkbox', { name: 'gone' }));
  await save();
  await waitFor(() => expect(sent).toEqual([['PUT', { sharedWithUsers: ['bob'] }]]));
});

test('what others changed while the dialog was open stays: nobody gets in again whom they took out, and nobody is lost whom they added', async () => {
  const sent = hub({ ...RED, name: 'scarlet', visibility: 'group', sharedWithUsers: ['kim'], servers: ['store', { name: 'till', tools: ['add'] }] });
  edit({ ...RED, visibility: 'group', sharedWithUsers: ['bob'], servers: ['shop', 'till'] });
  await userEvent.click(await screen.findByRole('checkbox', { name: 'eve' }));
  await save();
  await waitFor(() => expect(sent).toEqual([['PUT', { sharedWithUsers: ['kim', 'eve'] }]]));
  await userEvent.click(screen.getByRole('checkbox', { name: 'store' }));
  await userEvent.click(screen.getByRole('checkbox', { name: 'till' }));
  await save();
  await waitFor(() => expect(sent[1]).toEqual(['PUT', { servers: ['store'], sharedWithUsers: ['kim', 'eve'] }]));
});

test('a word that says for whom it is and that nobody understands is said to count as private, and is mended by saving', async () => {
  const strange = { ...RED, visibility: 'everybody' } as unknown as Group;
  const sent = hub(strange);
  edit(strange);
  screen.getByText(/“everybody”, is none of these, and counts as the first/);
  await save();
  await waitFor(() => expect(sent).toEqual([['PUT', { visibility: 'private' }]]));
});

test('a row says how many items of its server are chosen, whether it is open or closed', async () => {
  hub(RED);
  edit({ ...RED, servers: [{ name: 'shop', tools: ['add'] }] });
  const row = () => screen.getByRole('button', { name: /items$/ });
  expect([row().textContent, row().getAttribute('aria-expanded')]).toEqual(['1 of 2 items', 'false']);
  await userEvent.click(row());
  await userEvent.click(screen.getByRole('checkbox', { name: 'sum' }));
  expect([row().textContent, row().getAttribute('aria-expanded')]).toEqual(['2 of 2 items', 'true']);
});

test('a group that was deleted meanwhile is called by its name', async () => {
  const sent = hub();
  const onClose = edit(RED);
  await userEvent.type(screen.getByLabelText('Name'), 'dish');
  await save();
  await screen.findByText('There is no group “red” any more: somebody deleted it meanwhile.');
  expect(sent).toEqual([]);
  expect(onClose).not.toHaveBeenCalled();
});

test('a refusal is shown, and what was chosen stays', async () => {
  const red: Group = { ...RED, visibility: 'private' };
  hub(red);
  edit(red);
  await choose('These users');
  await userEvent.click(await screen.findByRole('checkbox', { name: 'eve' }));
  const refused = { success: false, message: 'there is no user named "eve"' };
  vi.stubGlobal('fetch', ({ method }: Request) => Promise.resolve(method === 'GET' ? Response.json({ success: true, data: [red] }) : Response.json(refused, { status: 400 })));
  await save();
  await screen.findByText('there is no user named "eve"');
  expect(screen.getByRole<HTMLInputElement>('checkbox', { name: 'eve' }).checked).toBe(true);
});
