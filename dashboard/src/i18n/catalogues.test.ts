// Every language says the same things.

import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import en from './en.json';
import zh from './zh.json';

type Words = { [key: string]: string | Words };

function flat(words: Words, before = ''): Map<string, string> {
  const entries = Object.entries(words).flatMap(([key, told]): [string, string][] => (typeof told === 'string' ? [[before + key, told]] : [...flat(told, `${before}${key}.`)]));
  return new Map(entries);
}

const holes = (text: string) => [...text.matchAll(/{{(\w+)}}/g)].map((found) => found[1]).sort();

test('English and Chinese have the same texts', () => {
  expect([...flat(zh).keys()].sort()).toEqual([...flat(en).keys()].sort());
});

test('a text has the same holes in each language, and none is empty', () => {
  const chinese = flat(zh);
  for (const [key, text] of flat(en)) {
    const other = chinese.get(key) ?? '';
    expect(other.trim(), key).not.toBe('');
    // A language without plurals tells the number where English says "once".
    const plural = /_(one|other)$/.test(key);
    if (!plural) expect(holes(other), key).toEqual(holes(text));
  }
});

test('no text is one that no page shows', () => {
  const code = sources('src').join('\n');
  const unsaid = [...flat(en).keys()].map((key) => key.replace(/_(one|other)$/, '')).filter((key) => !code.includes(`'${key}'`) && !isBuilt(key, code));
  expect(unsaid).toEqual([]);
});

/** Keys whose last step is a variable: `state.${server.status}`. */
function isBuilt(key: string, code: string): boolean {
  const before = key.slice(0, key.lastIndexOf('.'));
  return code.includes(`\`${before}.\${`);
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('.test.') && !file.endsWith('schema.d.ts'))
    .map((file) => readFileSync(`${folder}/${file}`, 'utf8'));
}
