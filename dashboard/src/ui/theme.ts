// Light, dark, or as the system wants it.

import { useSyncExternalStore } from 'react';
import { keep, kept } from '../kept';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const PLACE = 'mcphub.theme';
const listeners = new Set<() => void>();
const system = () => window.matchMedia?.('(prefers-color-scheme: dark)');

let now: Theme | undefined;

function chosen(): Theme {
  return (now ??= THEMES.find((theme) => theme === kept(PLACE)) ?? 'system');
}

function show(): void {
  const theme = chosen();
  const dark = theme === 'dark' || (theme === 'system' && system()?.matches);
  document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
}

export function startTheme(): void {
  system()?.addEventListener('change', show);
  show();
}

export function chooseTheme(theme: Theme): void {
  now = theme;
  keep(PLACE, theme);
  show();
  listeners.forEach((listener) => listener());
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, chosen);
}
