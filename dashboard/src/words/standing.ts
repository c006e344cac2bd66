// What a server's state asks of a person.

import type { Server, Status } from '../api/shape';

const WAITS_FOR_A_PERSON: readonly Status[] = ['oauth_required', 'needs_client', 'client_rejected', 'registration_refused', 'rejected_by_resource'];
const FAILED: readonly Status[] = ['client_rejected', 'registration_refused', 'rejected_by_resource'];

export function waitsForAPerson(server: Server): boolean {
  return WAITS_FOR_A_PERSON.includes(server.status);
}

export function isConnected(server: Server): boolean {
  return server.status === 'connected' || server.status === 'refresh_failing';
}

/** Started on demand, and nobody uses it now: nothing is wrong. */
export function isAsleep(server: Server): boolean {
  return server.status === 'disconnected' && server.error === null && server.action === null;
}

/** A link can be had, or is there, and by this visitor. */
export function canSignIn(server: Server): boolean {
  return server.enabled && server.identity.maySignIn && (server.status === 'oauth_required' || server.oauth.authorizationUrl !== undefined || moreScopes(server) || signInFailed(server));
}

/** A sign-in came to nothing; what helps is mostly the next one. */
function signInFailed(server: Server): boolean {
  return server.status === 'disconnected' && isAboutSignIn(server);
}

/** The server stands where its last sign-in failed, and not before the next one. */
export function standsAtFailure(server: Server): boolean {
  return signInFailed(server) || (FAILED.includes(server.status) && isAboutSignIn(server));
}

function isAboutSignIn({ explained }: Server): boolean {
  return explained?.code.startsWith('MCPHUB-AUTH-') === true;
}

/** It works, and something of it waits for a person. */
export function moreScopes(server: Server): boolean {
  return server.status === 'connected' && server.action !== null;
}

/** How much a server needs somebody; 0: not at all. Higher comes first. */
export function urgency(server: Server): number {
  if (waitsForAPerson(server)) return 3;
  if (server.status === 'disconnected') return isAsleep(server) ? 0 : 2;
  if (server.status === 'refresh_failing' || moreScopes(server)) return 1;
  return (server.problems?.length ?? 0) > 0 && server.status !== 'disabled' ? 1 : 0;
}

/** Why it is in its state, in the hub's words. */
export function why(server: Server): string | undefined {
  return server.reason || server.error || undefined;
}
