// What the hub says no to, and when a login has ended.

import { beforeEach, expect, test, vi } from 'vitest';
import { Refusal } from './ask';
import * as calls from './calls';
import { loggedIn, loggedOut, loginToken } from './login';

function answering(status: number, body: string, meanwhile = () => {}) {
  const asked: Request[] = [];
  vi.stubGlobal('fetch', (request: Request) => {
    asked.push(request);
    meanwhile();
    return Promise.resolve(new Response(body, { status, headers: { 'content-type': 'application/json' } }));
  });
  return asked;
}

const refusal = (asked: Promise<unknown>) => asked.then(() => undefined, (error: unknown) => (error instanceof Refusal ? error : undefined));

beforeEach(loggedOut);

test('a refusal has the words of the hub, its code, and what else it says', async () => {
  answering(409, JSON.stringify({ success: false, message: 'sign in first', code: 'sign_in_needed', action: 'sign in', status: 'oauth_required' }));
  const error = await refusal(calls.listServers());
  expect([error?.status, error?.code, error?.message, error?.text('action')]).toEqual([409, 'sign_in_needed', 'sign in first', 'sign in']);
});

test('the login goes in a header, and a name with a slash stays one part of the path', async () => {
  loggedIn('token-1');
  const asked = answering(200, JSON.stringify({ success: true, data: {} }));
  await calls.readServer('io.github/a b');
  expect(asked[0]?.headers.get('x-auth-token')).toBe('token-1');
  expect(new URL(asked[0]?.url ?? '').pathname).toBe('/api/servers/io.github%2Fa%20b');
});

test('a login that is no longer taken is forgotten', async () => {
  loggedIn('old');
  answering(401, '{"success":false,"message":"log in first","code":"not_logged_in"}');
  await refusal(calls.listServers());
  expect(loginToken()).toBeNull();
});

test('a 401 that is not about the login leaves it', async () => {
  loggedIn('token-1');
  answering(401, '{"success":false,"message":"wrong name or password"}');
  expect((await refusal(calls.changeOwnPassword('guess', 'long enough')))?.message).toBe('wrong name or password');
  expect(loginToken()).toBe('token-1');
  answering(401, '<html>Something between us asks for a password</html>');
  await refusal(calls.listServers());
  expect(loginToken()).toBe('token-1');
});

test('an answer to an older login does not end the newer one', async () => {
  loggedIn('old');
  answering(401, '{"success":false,"message":"log in first","code":"not_logged_in"}', () => loggedIn('new'));
  await refusal(calls.listServers());
  expect(loginToken()).toBe('new');
});

test('a page of something between us and the hub is no answer of the hub', async () => {
  answering(502, '<html>Bad gateway</html>');
  expect((await refusal(calls.listServers()))?.message).toContain('502');
});

test('a hub that does not answer is said to be unreachable', async () => {
  vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed')));
  expect(await refusal(calls.listServers())).toMatchObject({ status: 0, code: 'unreachable' });
});
