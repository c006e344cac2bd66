// What a state asks of a person.

import { expect, test } from 'vitest';
import type { Server } from '../api/shape';
import { canSignIn, isAsleep, standsAtFailure, urgency } from './standing';

function server(more: Partial<Server>): Server {
  return { name: 's', status: 'connected', error: null, reason: null, action: null, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: true, clientIdConfigured: true }, ...more };
}

test('what waits for a person comes before what is broken, and that before what works', () => {
  const order = [server({ status: 'oauth_required' }), server({ status: 'disconnected', error: 'gone' }), server({ status: 'refresh_failing' }), server({})].map(urgency);
  expect(order).toEqual([3, 2, 1, 0]);
});

test('a server that is started on demand needs nobody', () => {
  const asleep = server({ status: 'disconnected', reason: 'it is started on demand' });
  expect([isAsleep(asleep), urgency(asleep)]).toEqual([true, 0]);
});

test('a connected server that wants more scopes can be signed in to', () => {
  const more = server({ reason: 'more scopes are needed', action: 'sign in' });
  expect([canSignIn(more), urgency(more)]).toEqual([true, 1]);
  expect(canSignIn(server({}))).toBe(false);
});

test('a sign-in that all share is offered to whom it is allowed', () => {
  const waits = { status: 'oauth_required' } as const;
  expect(canSignIn(server(waits))).toBe(true);
  expect(canSignIn(server({ ...waits, identity: { tokens: 'shared', maySignIn: false } }))).toBe(false);
});

test('a server whose sign-in failed can be signed in to again, and one that cannot be reached cannot', () => {
  const explained = { headline: '', code: 'MCPHUB-AUTH-021', word: '', whatHappened: '', why: '', do: '' };
  expect(canSignIn(server({ status: 'disconnected', error: 'another issuer', explained }))).toBe(true);
  expect(canSignIn(server({ status: 'disconnected', error: 'gone', explained: { ...explained, code: 'MCPHUB-LINK-002' } }))).toBe(false);
});

test('a server stands at its failure only while no next sign-in waits, and only where a sign-in failed', () => {
  const explained = { headline: '', code: 'MCPHUB-AUTH-017', word: '', whatHappened: '', why: '', do: '' };
  expect(standsAtFailure(server({ status: 'registration_refused', explained }))).toBe(true);
  expect(standsAtFailure(server({ status: 'oauth_required', explained }))).toBe(false);
  expect(standsAtFailure(server({ status: 'disconnected', error: 'gone', explained: { ...explained, code: 'MCPHUB-LINK-002' } }))).toBe(false);
});
