// What the browser keeps for this origin. One that keeps nothing throws at the very mention of its storage: then it lasts as long as the page.

export function kept(place: string): string | null {
  try {
    return window.localStorage.getItem(place);
  } catch {
    return null;
  }
}

export function keep(place: string, text: string): void {
  try {
    window.localStorage.setItem(place, text);
  } catch {
    // Not kept.
  }
}

export function forget(place: string): void {
  try {
    window.localStorage.removeItem(place);
  } catch {
    // Nothing was kept.
  }
}
