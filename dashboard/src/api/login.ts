// The login's token: kept by the browser for this origin, shown to the hub only.

import { forget, keep, kept } from '../kept';

const PLACE = 'mcphub.login';
const listeners = new Set<() => void>();
let known: string | null | undefined;

export function loginToken(): string | null {
  if (known === undefined) known = kept(PLACE);
  return known;
}

export function loggedIn(token: string): void {
  renewedLogin(token);
  tell();
}

/** Another token of the same person: nothing that is shown changes. */
export function renewedLogin(token: string): void {
  known = token;
  keep(PLACE, token);
}

export function loggedOut(): void {
  if (loginToken() === null) return;
  known = null;
  forget(PLACE);
  tell();
}

/** Hears of each login and logout, also in other windows. */
export function onLogin(listener: () => void): () => void {
  const elsewhere = (event: StorageEvent) => {
    if (event.key !== PLACE) return;
    known = event.newValue;
    listener();
  };
  listeners.add(listener);
  window.addEventListener('storage', elsewhere);
  return () => {
    listeners.delete(listener);
    window.removeEventListener('storage', elsewhere);
  };
}

function tell(): void {
  for (const listener of listeners) listener();
}
