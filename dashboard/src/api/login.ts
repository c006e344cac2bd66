// The login's token: kept by the browser for this origin, shown to the hub only.

const PLACE = 'mcphub.login';
const listeners = new Set<() => void>();
let known: string | null | undefined;

export function loginToken(): string | null {
  if (known === undefined) known = stored();
  return known;
}

export function loggedIn(token: string): void {
  renewedLogin(token);
  tell();
}

/** Another token of the same person: nothing that is shown changes. */
export function renewedLogin(token: string): void {
  known = token;
  try {
    window.localStorage.setItem(PLACE, token);
  } catch {
    // The browser keeps nothing: the login lasts as long as the page.
  }
}

export function loggedOut(): void {
  if (loginToken() === null) return;
  known = null;
  try {
    window.localStorage.removeItem(PLACE);
  } catch {
    // Nothing was kept.
  }
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

function stored(): string | null {
  try {
    return window.localStorage.getItem(PLACE);
  } catch {
    return null;
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}
