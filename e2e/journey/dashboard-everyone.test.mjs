// The dashboard for everybody: with the keyboard alone, and in each language.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { PAGES, startFilled } from '../harness/filled.mjs';
import { Hub } from '../harness/hub.mjs';

let person;
let filled;
let dashboard;
let upstream;
let own;

before(async () => { [person, filled] = await Promise.all([Person.arrive(), startFilled()]); });
after(() => Promise.all([person?.leave(), filled?.close()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  await own?.close();
  await upstream?.stop();
  [dashboard, own, upstream] = [];
});

async function arrive(hub, options) {
  dashboard = await Dashboard.open(person, hub, options);
  await dashboard.logIn();
  return dashboard.page;
}

// What has the focus: its name, and whether it can be seen that it has it.
const focused = (page) => page.evaluate(() => {
  const at = document.activeElement;
  const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.innerText ?? at.innerText ?? '';
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  return { name: name.trim(), outlined: outlineStyle !== 'none' && outlineWidth !== '0px', isBody: at === document.body };
});

// Presses Tab until something of this name has the focus; each stop on the way must be seen.
async function tabTo(page, name) {
  const stops = [];
  for (let press = 0; press < 120; press += 1) {
    await page.keyboard.press('Tab');
    const at = await focused(page);
    assert.equal(at.outlined || at.isBody, true, `it cannot be seen that "${at.name}" has the focus`);
    if (at.name === name || at.name.startsWith(`${name}\n`)) return;
    stops.push(at.name);
  }
  assert.fail(`Tab never came to "${name}", but to: ${stops.join(' | ')}`);
}

test('a server is added, tried and removed with the keyboard alone', async () => {
  upstream = await startCounterpart('catalogue');
  own = await Hub.start({ mcpServers: {} });
  dashboard = await Dashboard.open(person, own);
  const { page } = dashboard;
  const { keyboard } = page;
  await page.waitForFunction(() => document.activeElement?.type === 'password');
  await keyboard.type(own.password);
  await keyboard.press('Enter');
  await dashboard.heading('Home').waitFor();
  await tabTo(page, 'Skip to the content');
  await keyboard.press('Enter');
  await tabTo(page, 'Add a server');
  await keyboard.press('Enter');

  await page.waitForFunction(() => document.activeElement?.type === 'url');
  await keyboard.type(upstream.url);
  await tabTo(page, 'Name');
  await keyboard.type('shop');
  await keyboard.press('Enter');
  await page.getByText('shop is connected').waitFor();
  await tabTo(page, 'See its tool');
  await keyboard.press('Enter');

  await dashboard.heading('shop').waitFor();
  await tabTo(page, 'shop-place_order');
  await keyboard.press('Enter');
  await page.getByRole('button', { name: 'Call', exact: true }).waitFor();
  await tabTo(page, 'name');
  await keyboard.type('Ada');
  await tabTo(page, 'city');
  await keyboard.type('Oslo');
  await tabTo(page, 'Call');
  await keyboard.press('Enter');
  await page.getByText('Answered after').waitFor();

  await tabTo(page, 'Tools');
  await keyboard.press('ArrowRight');
  await page.getByRole('tab', { name: /^Prompts/, selected: true }).waitFor();

  await tabTo(page, 'More');
  await lastOfMenu(page);
  await page.getByRole('dialog', { name: 'Remove shop?' }).waitFor();
  await keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement !== document.body);
  assert.equal((await focused(page)).name, 'More', 'the focus is not where the question came from');
  await lastOfMenu(page);
  await page.getByRole('dialog').waitFor();
  await tabTo(page, 'Remove');
  await keyboard.press('Enter');
  await dashboard.heading('Servers').waitFor();
  assert.deepEqual((await own.api('GET', '/servers')).map(({ name }) => name), []);
  await dashboard.leave();
});

// Opens the menu that has the focus, and chooses what stands last in it.
async function lastOfMenu(page) {
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.activeElement?.role === 'menuitem');
  await page.keyboard.press('End');
  await page.waitForFunction(() => document.activeElement?.matches('[role="menuitem"]:last-child'));
  await page.keyboard.press('Enter');
}

const read = (language) => JSON.parse(readFileSync(new URL(`../../dashboard/src/i18n/${language}.json`, import.meta.url)));
const small = (text) => text.toLowerCase();
const texts = (words) => Object.values(words).flatMap((told) => (typeof told === 'string' ? [told] : texts(told)));

// Names that are the same in every language: of a header, a server, the one that is proposed for a server, the arguments of a tool.
const NAMES = new Set(['Authorization', 'everything', 'server', 'name', 'address']);

// All that is said on the page, also to those who do not see it.
const said = (page) => page.evaluate(() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const heard = [];
  while (walker.nextNode()) {
    // The parts of an address or a name, between which a line may end, are one text.
    const whole = walker.currentNode.parentElement.closest(':has(> wbr)');
    heard.push((whole?.textContent ?? walker.currentNode.data).trim());
  }
  for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) heard.push(...['aria-label', 'title', 'placeholder'].map((name) => element.getAttribute(name) ?? ''));
  return heard;
});

test('who speaks Chinese meets no English word of ours on any page, and can change the language', async () => {
  // A page may begin a word with a large letter that the catalogue has small, or the hub says.
  const chinese = new Set(texts(read('zh')).map(small));
  const english = texts(read('en')).map(small).filter((text) => !chinese.has(text) && !text.includes('{{'));
  const page = await arrive(filled.hub, { language: 'zh-CN' });
  const left = {};
  for (const [name, address] of Object.entries(PAGES)) {
    await dashboard.visit(address);
    const heard = new Set((await said(page)).filter((text) => !NAMES.has(text)).map(small));
    const unsaid = english.filter((text) => heard.has(text));
    if (unsaid.length > 0) left[name] = unsaid;
  }
  assert.deepEqual(left, {});
  assert.equal(await page.locator('html').getAttribute('lang'), 'zh');
  await dashboard.go('/servers');
  await dashboard.heading('服务器').waitFor();
  await page.getByLabel('语言').selectOption('English');
  await dashboard.heading('Servers').waitFor();
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await dashboard.leave();
});
