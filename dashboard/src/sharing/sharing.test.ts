// Whom something is for, as the settings say it and as it is changed.

import { t } from 'i18next';
import { expect, test } from 'vitest';
import { sharingOf, withSharing, wishOf, type Sharing } from './sharing';
import { forWhom } from './who';

test('where nothing is said, a server is for nobody else and a group for everybody', () => {
  for (const written of [{}, { visibility: null }]) {
    expect(sharingOf(written, 'private')).toEqual({ choice: 'private', users: [] });
    expect(sharingOf(written, 'public').choice).toBe('public');
  }
});

test('a word that the hub does not know is for nobody else, and names that are none are left out', () => {
  for (const visibility of ['everybody', '', true]) expect(sharingOf({ visibility, sharedWithUsers: 'bob' }, 'public')).toEqual({ choice: 'private', users: [] });
  expect(sharingOf({ visibility: 'group', sharedWithUsers: ['bob', 7, 'bob', null] }, 'private').users).toEqual(['bob']);
});

test('only what was changed is sent, and the order of names is no change', () => {
  const was: Sharing = { choice: 'group', users: ['ada', 'bob'] };
  expect(wishOf(was, { choice: 'group', users: ['bob', 'ada'] })).toEqual({});
  expect(wishOf(was, { choice: 'public', users: ['ada', 'bob'] })).toEqual({ visibility: 'public' });
  expect(wishOf(was, { choice: 'group', users: ['bob'] })).toEqual({ sharedWithUsers: ['bob'] });
});

test('who takes his choice back has the settings as they were, letter by letter', () => {
  const before = { url: 'https://a.test', sharedWithUsers: ['ada', 'bob'], timeout: 1 };
  const all = withSharing(before, before, { choice: 'public', users: ['ada', 'bob'] });
  expect(all).toEqual({ ...before, visibility: 'public' });
  const fewer = withSharing(all, before, { choice: 'public', users: ['bob'] });
  expect(fewer).toEqual({ ...before, visibility: 'public', sharedWithUsers: ['bob'] });
  const again = withSharing(fewer, before, { choice: 'public', users: ['bob', 'ada'] });
  const back = withSharing(again, before, { choice: 'private', users: ['bob', 'ada'] });
  expect(JSON.stringify(back)).toBe(JSON.stringify(before));
});

test('what somebody typed beside it stays as he typed it', () => {
  const typed = { url: 'https://b.test', visibility: 'private' };
  expect(withSharing(typed, { url: 'https://a.test' }, { choice: 'private', users: ['bob'] })).toEqual({ ...typed, sharedWithUsers: ['bob'] });
});

test('a name that is no user’s is said to be so where the users are known, after those that are', () => {
  const users = [{ username: 'ada', isAdmin: false }, { username: 'bob', isAdmin: true }];
  const said = (...names: string[]) => forWhom(t, { choice: 'group', users: names }, users);
  expect(said('adda', 'ada')).toBe('Shared with ada, adda (is no user)');
  expect(said('adda')).toBe('Shared with adda (is no user)');
  expect(said('one', 'two', 'ada', 'bob')).toBe('Shared with ada, bob, one (is no user) and 1 more');
});

test('it is said in a few words, with three names at most', () => {
  const said = (choice: Sharing['choice'], users: string[] = []) => forWhom(t, { choice, users });
  expect(said('private', ['ada'])).toBe('Only its owner and administrators');
  expect(said('group')).toBe('Only its owner and administrators');
  expect(said('group', ['ada', 'bob', 'eve'])).toBe('Shared with ada, bob, eve');
  expect(said('group', ['ada', 'bob', 'eve', 'kim', 'lin'])).toBe('Shared with ada, bob, eve and 2 more');
  expect(said('public', ['ada'])).toBe('Shared with every user');
});
