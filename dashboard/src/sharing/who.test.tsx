// Who may use a group or a server is chosen in plain words, and nobody's name is lost over it.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test, vi } from 'vitest';
import type { Sharing } from './sharing';
import { WhoMayUse } from './who';

const USERS = [{ username: 'ada', isAdmin: true }, { username: 'bob', isAdmin: false }, { username: 'eve', isAdmin: false }, { username: 'kim', isAdmin: false }];

function hub(users: unknown[] = USERS) {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: true, data: users })));
}

/** The question, and what was answered last. */
function ask(first: Sharing, { owner, blocked }: { owner?: string; blocked?: string } = {}) {
  const answers: Sharing[] = [];
  function Asked() {
    const [sharing, setSharing] = useState(first);
    const answer = (next: Sharing) => {
      answers.push(next);
      setSharing(next);
    };
    return <WhoMayUse sharing={sharing} onChange={answer} owner={owner} blocked={blocked} />;
  }
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity, retry: false } } });
  render(
    <QueryClientProvider client={client}>
      <Asked />
    </QueryClientProvider>,
  );
  return () => answers.at(-1);
}

const radio = (name: string) => screen.getByRole<HTMLInputElement>('radio', { name });
const tick = (name: string) => within(screen.getByRole('group', { name: 'Users' })).getByRole<HTMLInputElement>('checkbox', { name });
const ticks = () => within(screen.getByRole('group', { name: 'Users' })).getAllByRole<HTMLInputElement>('checkbox').map((box) => box.labels?.[0]?.textContent);

test('one of three choices is taken, users are asked for only by the second, and who was ticked stays so', async () => {
  hub();
  const answer = ask({ choice: 'private', users: [] }, { owner: 'kim' });
  expect(screen.getByRole('group', { name: 'Who may use it' })).toBeTruthy();
  expect(screen.getByText('It belongs to kim.')).toBeTruthy();
  expect(screen.queryByRole('checkbox')).toBeNull();
  await userEvent.tab();
  expect(document.activeElement).toBe(radio('Only its owner and administrators'));
  await userEvent.click(radio('These users'));
  expect(radio('These users').checked).toBe(true);
  await screen.findByRole('checkbox', { name: 'bob' });
  await userEvent.tab();
  await userEvent.keyboard(' ');
  expect(answer()).toEqual({ choice: 'group', users: ['bob'] });
  await userEvent.click(radio('Every user'));
  expect(answer()).toEqual({ choice: 'public', users: ['bob'] });
  expect(screen.queryByRole('checkbox')).toBeNull();
  await userEvent.click(radio('These users'));
  expect(tick('bob').checked).toBe(true);
});

test('its owner and administrators are not offered: they may use it anyway', async () => {
  hub();
  ask({ choice: 'group', users: [] }, { owner: 'kim' });
  await screen.findByRole('checkbox', { name: 'bob' });
  expect(ticks()).toEqual(['bob', 'eve']);
});

test('a name that is no user’s, and an administrator’s, come first, and can be unticked and ticked again', async () => {
  hub();
  const answer = ask({ choice: 'group', users: ['gone', 'ada', 'bob'] });
  expect(screen.getByText('It belongs to the administrators.')).toBeTruthy();
  await screen.findByRole('checkbox', { name: 'eve' });
  expect(ticks()).toEqual(['gone', 'ada', 'bob', 'eve', 'kim']);
  expect(screen.getByText('Is no user')).toBeTruthy();
  expect(screen.getByText('Administrator')).toBeTruthy();
  await userEvent.click(tick('gone'));
  await userEvent.click(tick('ada'));
  expect(answer()).toEqual({ choice: 'group', users: ['bob'] });
  expect(document.activeElement).toBe(tick('ada'));
  await userEvent.click(tick('gone'));
  await userEvent.click(tick('kim'));
  expect(answer()).toEqual({ choice: 'group', users: ['bob', 'gone', 'kim'] });
  expect(ticks()).toEqual(['gone', 'ada', 'bob', 'eve', 'kim']);
});

test('among many users one is searched for, and those who are not found stay ticked', async () => {
  hub(Array.from({ length: 30 }, (_, at) => ({ username: `user-${at}`, isAdmin: false })));
  const answer = ask({ choice: 'group', users: ['user-3'] });
  await userEvent.type(await screen.findByRole('searchbox', { name: 'Search users' }), '27{Enter}');
  expect(ticks()).toEqual(['user-27']);
  await userEvent.click(tick('user-27'));
  expect(answer()).toEqual({ choice: 'group', users: ['user-3', 'user-27'] });
});

test('who cannot choose now hears why, and who is ticked is still said', async () => {
  hub();
  const answer = ask({ choice: 'group', users: ['bob'] }, { blocked: 'not now' });
  screen.getByRole('group', { name: 'Who may use it', description: 'not now' });
  await userEvent.click(await screen.findByRole('checkbox', { name: 'bob' }));
  await userEvent.click(radio('Every user'));
  expect(answer()).toBeUndefined();
  expect(tick('bob').checked).toBe(true);
});

test('users who cannot be read are said to be so, and nobody is said to be none for it', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ success: false, message: 'no users today' }, { status: 500 })));
  ask({ choice: 'group', users: ['bob'] });
  await screen.findByText('no users today');
  expect(ticks()).toEqual(['bob']);
  expect(screen.queryByText('Is no user')).toBeNull();
  hub();
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await screen.findByRole('checkbox', { name: 'eve' });
});

test('where there are no others, it says so', async () => {
  hub([{ username: 'ada', isAdmin: true }]);
  ask({ choice: 'group', users: [] });
  await screen.findByText('There are no other users yet.');
});
