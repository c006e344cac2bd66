// A journal as the practice world writes it, folded into sign-ins.

import { expect, test } from 'vitest';
import type { Entry, Stage } from '../api/shape';
import { chief, fold, outcome, wentWrong, type Mark, type SignIn, type Step } from './timeline';

let second = 0;
function entry(stage: Stage, decision: string, more: Partial<Entry> = {}): Entry {
  second += 1;
  return { time: `2026-11-27T10:00:${String(second).padStart(2, '0')}.000Z`, server: 'lab', stage, decision, ...more };
}

const asked = { method: 'GET', host: 'login.example', path: '/x' };

function journey(signIn: string): Entry[] {
  second = 0;
  return [
    entry('discovery', 'answered 404', { signIn, request: asked, status: 404, durationMs: 40 }),
    entry('discovery', 'answered 200', { signIn, request: asked, status: 200, durationMs: 30 }),
    entry('registration', 'registered as ...abc', { signIn }),
    entry('authorization_url', 'a link waits for a person', { signIn }),
    entry('callback', 'accepted: state and issuer are right', { signIn }),
    entry('token_exchange', 'answered 200', { signIn, request: asked, status: 200, durationMs: 7 }),
    entry('connect', 'signed in; the token is stored', { signIn }),
  ];
}

function marks(signIn: SignIn | undefined): Partial<Record<Step, Mark>> {
  return Object.fromEntries(signIn?.stretches.map((stretch) => [stretch.step, stretch.mark]) ?? []);
}

test('a sign-in that went through is done up to its connection, whatever was tried on the way', () => {
  const [signIn] = fold(journey('one'));
  expect(marks(signIn)).toEqual({ discovery: 'done', registration: 'done', authorization: 'done', callback: 'done', token: 'done', connected: 'done', renewals: 'ahead' });
  expect(signIn?.stretches[0]).toMatchObject({ began: '2026-11-27T10:00:01.000Z', took: 1030 });
});

test('a link that nobody followed waits in the newest sign-in, and was left in an older one', () => {
  const older = journey('one').slice(0, 4);
  const newer = journey('two').slice(0, 4);
  const [newest, oldest] = fold([...older, ...newer]);
  expect(marks(newest)['authorization']).toBe('waiting');
  expect(marks(oldest)['authorization']).toBe('left');
  expect(marks(newest)['callback']).toBe('ahead');
});

test('the stage at which it stopped has failed, and no other', () => {
  const stopped = [...journey('one').slice(0, 2), entry('registration', 'stopped', { signIn: 'one', why: 'it registers nobody' })];
  expect(marks(fold(stopped)[0])).toMatchObject({ discovery: 'done', registration: 'failed', authorization: 'ahead' });
});

test('a token endpoint that says no is where it failed', () => {
  const refused = [...journey('one').slice(0, 5), entry('token_exchange', 'answered 400', { signIn: 'one', request: asked, status: 400 })];
  expect(marks(fold(refused)[0])['token']).toBe('failed');
});

test('a place in which discovery finds nothing is no failure', () => {
  const looked = entry('discovery', 'answered 404', { request: asked, status: 404 });
  expect(wentWrong(looked)).toBe(false);
  expect(wentWrong({ ...looked, stage: 'registration' })).toBe(true);
});

test('a callback that was refused is where it failed', () => {
  const refused = [...journey('one').slice(0, 4), entry('callback', 'refused', { signIn: 'one', why: 'another issuer', errorCode: 'MCPHUB-AUTH-021' })];
  expect(marks(fold(refused)[0])).toMatchObject({ authorization: 'done', callback: 'failed', token: 'ahead' });
});

test('a registration that was known is not needed', () => {
  const known = journey('one').filter((it) => it.stage !== 'registration');
  expect(marks(fold(known)[0])['registration']).toBe('unneeded');
});

test('renewals belong to the sign-in that was through, also while a newer one waits', () => {
  const entries = [...journey('one'), ...journey('two').slice(0, 4), entry('refresh', 'answered 200', { request: asked, status: 200 }), entry('refresh', 'renewed and stored')];
  const [waiting, through] = fold(entries);
  expect(waiting?.renewed).toBe(0);
  expect(through?.renewed).toBe(1);
  expect(marks(through)['renewals']).toBe('done');
});

test('a renewal that was refused is told as failed', () => {
  const entries = [...journey('one'), entry('refresh', 'the sign-in has ended: invalid_grant')];
  expect(marks(fold(entries)[0])['renewals']).toBe('failed');
});

test('a sign-out stands for itself behind the renewals, and is a step of those sign-ins only that it ended', () => {
  const entries = [...journey('one'), entry('refresh', 'renewed and stored'), ...journey('two').slice(0, 4)];
  const out = [entry('revoke', 'answered 200', { request: asked, status: 200 }), entry('revoke', 'signed out; 2 tokens were given back')];
  const [waiting, through] = fold([...entries, ...out]);
  expect(through?.stretches.at(-1)).toMatchObject({ step: 'signOut', mark: 'done', entries: out });
  expect(through?.stretches.find(({ step }) => step === 'renewals')?.entries).toHaveLength(1);
  expect(marks(through)).toMatchObject({ connected: 'done', renewals: 'done' });
  expect(marks(waiting)).not.toHaveProperty('signOut');
  expect([waiting, through].map((it) => outcome(it as SignIn).came)).toEqual(['waiting', 'signedOut']);
});

test('a sign-out that the login server did not take is told as failed, and says nothing of the way to the sign-in', () => {
  const refused = entry('revoke', 'answered 400', { request: asked, status: 400 });
  const [signIn] = fold([...journey('one'), refused]);
  expect(marks(signIn)).toMatchObject({ connected: 'done', signOut: 'failed' });
  expect(marks(signIn), 'no renewal comes any more').not.toHaveProperty('renewals');
  expect(outcome(signIn as SignIn)).toEqual({ came: 'signedOut' });
  const newer = fold([...journey('one'), refused, ...journey('two').slice(0, 4)], false);
  expect(chief(newer, true)?.id).toBe('one');
});

test('the wish for more scopes is where the next sign-in begins', () => {
  const wish = entry('step_up', 'more scopes are needed: write');
  const [newest, before] = fold([...journey('one'), wish, ...journey('two').slice(0, 4)]);
  expect(newest?.stretches.flatMap((stretch) => stretch.entries)).toContain(wish);
  expect(before?.stretches.flatMap((stretch) => stretch.entries)).not.toContain(wish);
});

test('a sign-in that was left does not stand before the one that the server is connected with', () => {
  const entries = [...journey('one'), ...journey('two').slice(0, 4)];
  expect(chief(fold(entries, false))?.id).toBe('one');
  expect(chief(fold(entries, true))?.id).toBe('two');
  expect(chief(fold(journey('two').slice(0, 4), false))?.id).toBe('two');
});

// The login server did not know its client; the hub begins anew and comes no farther.
function forgotten(): Entry[] {
  const asked_ = { request: asked, signIn: 'one' };
  return [
    ...journey('one').slice(0, 5),
    entry('token_exchange', 'answered 400', { ...asked_, status: 400 }),
    entry('heal', 'the client is not known there; another one is registered', { signIn: 'one' }),
    entry('discovery', 'answered 200', { ...asked_, signIn: 'two', status: 200 }),
  ];
}

test('where a sign-in failed, it is the one that is shown, whatever was begun since', () => {
  const signIns = fold(forgotten(), false);
  expect(chief(signIns, true)?.id).toBe('one');
  expect(marks(chief(signIns, true))).toMatchObject({ callback: 'done', token: 'failed', connected: 'ahead' });
  expect(chief(signIns, false)?.id).toBe('two');
  expect(chief(fold(journey('one'), false), true)?.id).toBe('one');
});

test('of each sign-in it is said what came of it, and where it failed', () => {
  expect(fold(forgotten(), false).map(outcome)).toEqual([{ came: 'left' }, { came: 'failed', at: 'token' }]);
  expect(fold([...journey('one'), ...journey('two').slice(0, 4)]).map(outcome)).toEqual([{ came: 'waiting' }, { came: 'through' }]);
});

test('a cure that helped leaves no failure', () => {
  const cured = [...journey('one').slice(0, 5), entry('heal', 'asked again', { signIn: 'one' }), ...journey('one').slice(5)];
  expect(outcome(fold(cured)[0] as SignIn)).toEqual({ came: 'through' });
});
