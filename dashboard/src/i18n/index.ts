// One catalogue per language. English is part of the first load, the others come when they are wanted.

import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { keep, kept } from '../kept';
import en from './en.json';

export const LANGUAGES = { en: 'English', zh: '中文' } as const;
export type Language = keyof typeof LANGUAGES;

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'words';
    resources: { words: typeof en };
    returnNull: false;
  }
}

const PLACE = 'mcphub.language';

const catalogues: Record<Exclude<Language, 'en'>, () => Promise<{ default: object }>> = {
  zh: () => import('./zh.json'),
};

/** The language that was chosen, else the browser's, else English. */
export function wantedLanguage(): Language {
  const chosen = kept(PLACE);
  const wanted = [chosen, ...navigator.languages].map((tag) => tag?.split('-')[0]);
  return wanted.find(isLanguage) ?? 'en';
}

export async function startWords(language: Language): Promise<void> {
  await i18next.use(initReactI18next).init({
    lng: 'en',
    fallbackLng: 'en',
    defaultNS: 'words',
    ns: ['words'],
    resources: { en: { words: en } },
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  });
  await speak(language).catch(() => speak('en'));
}

export async function speak(language: Language): Promise<void> {
  if (language !== 'en' && !i18next.hasResourceBundle(language, 'words')) {
    i18next.addResourceBundle(language, 'words', (await catalogues[language]()).default);
  }
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export function chooseLanguage(language: Language): void {
  keep(PLACE, language);
  // Words that do not come leave those that are there.
  void speak(language).catch(() => {});
}

function isLanguage(word: string | undefined): word is Language {
  return word !== undefined && word in LANGUAGES;
}
