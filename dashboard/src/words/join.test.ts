// Chinese has neither commas nor blanks between what it puts side by side.

import i18next, { createInstance } from 'i18next';
import { expect, test } from 'vitest';
import zh from '../i18n/zh.json';
import { listed, sentences } from './join';

test('names and sentences stand side by side as the language writes them', async () => {
  expect(listed(i18next.t, ['ada', 'bob', 'eve'])).toBe('ada, bob, eve');
  expect(sentences(i18next.t, 'One.', false, undefined, '', 'Two.', 'Three.')).toBe('One. Two. Three.');
  const t = await createInstance().init({ lng: 'zh', defaultNS: 'words', resources: { zh: { words: zh } } });
  expect(listed(t, ['ada', 'bob', 'eve'])).toBe('ada、bob、eve');
  expect(sentences(t, '一。', '二。')).toBe('一。二。');
});
