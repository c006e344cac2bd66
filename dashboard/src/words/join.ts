// How a language puts names and sentences side by side: one without blanks has none between them either.

import type { TFunction } from 'i18next';

export function listed(t: TFunction, names: string[]): string {
  return names.join(t('join.names'));
}

export function sentences(t: TFunction, ...said: (string | undefined | false)[]): string {
  return said.filter((it) => it !== undefined && it !== false && it !== '').reduce<string>((first, next) => (first === '' ? String(next) : t('join.sentences', { first, next })), '');
}
