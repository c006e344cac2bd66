// The page begins, whatever the browser forbids and whatever does not come.

import i18next from 'i18next';
import { expect, test, vi } from 'vitest';
import { keep, kept } from '../kept';
import { loggedIn, loggedOut, loginToken } from '../api/login';
import { chooseTheme, startTheme } from '../ui/theme';
import { chooseLanguage, startWords, wantedLanguage } from '.';

vi.mock('./zh.json', () => {
  throw new Error('the file does not come');
});

test('words that do not come are English, at the start and later', async () => {
  await startWords('zh');
  expect([i18next.language, document.documentElement.lang]).toEqual(['en', 'en']);
  chooseLanguage('zh');
  await vi.waitFor(() => expect(kept('mcphub.language')).toBe('zh'));
  expect(i18next.t('do.copy')).toBe('Copy');
  keep('mcphub.language', 'en');
});

test('a browser that forbids its storage has a page all the same, and what is chosen lasts as long as the page', () => {
  const forbidden = vi.spyOn(window, 'localStorage', 'get').mockImplementation(() => {
    throw new DOMException('forbidden', 'SecurityError');
  });
  expect(wantedLanguage()).toBe('en');
  startTheme();
  chooseTheme('dark');
  expect(document.documentElement.dataset['theme']).toBe('dark');
  startTheme();
  expect(document.documentElement.dataset['theme']).toBe('dark');
  chooseLanguage('en');
  loggedIn('token');
  expect(loginToken()).toBe('token');
  loggedOut();
  expect(loginToken()).toBeNull();
  expect(forbidden).toHaveBeenCalled();
});
