// Words that are typed in the midst of others stay in their order, and paths to copy break between their parts. Only a browser shows either.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';

let person;
let upstream;
let hub;
let dashboard;

before(async () => {
  person = await Person.arrive();
  upstream = await startCounterpart('catalogue', { tools: 1 });
  hub = await Hub.start({ mcpServers: { shop: { type: 'streamable-http', url: upstream.url } } });
  await hub.reaches('shop', 'connected');
  dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
});
after(async () => {
  try {
    await dashboard?.leave();
  } finally {
    await hub?.close();
    await upstream?.stop();
    await person?.leave();
  }
});

test('letters that are typed within the words of a search stand where they were typed', async () => {
  const { page } = dashboard;
  for (const address of ['/activity', '/servers']) {
    await dashboard.go(address);
    await dashboard.settled();
    const search = page.getByRole('searchbox');
    await search.fill('abcdef');
    await search.press('Home');
    await search.press('ArrowRight');
    await search.pressSequentially('XYZ');
    await page.waitForURL(/XYZ/);
    assert.equal(await search.inputValue(), 'aXYZbcdef', address);
    await page.reload();
    await dashboard.settled();
    assert.equal(await search.inputValue(), 'aXYZbcdef', `${address}, by its address`);
    await search.fill('');
  }
});

// Words of copy boxes that stand on more than one line.
const torn = (page) => page.evaluate(() => {
  const found = [];
  const texts = [...document.querySelectorAll('main code, main figcaption')].flatMap((box) => {
    const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    return nodes;
  });
  for (const text of texts) {
    for (const { 0: word, index } of text.data.matchAll(/\w+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      if (new Set([...range.getClientRects()].map(({ top }) => top)).size > 1) found.push(`${word} in ${text.parentElement.textContent}`);
    }
  }
  return found;
});

test('paths and addresses to copy break between their parts on a narrow screen', async () => {
  const { page } = dashboard;
  await page.setViewportSize({ width: 360, height: 800 });
  await dashboard.go('/connect');
  await dashboard.settled();
  for (const system of ['linux', 'mac', 'windows']) {
    for (const client of ['Claude Desktop', 'VS Code', 'Windsurf']) {
      await page.getByRole('tab', { name: client }).click();
      await page.getByRole('combobox', { name: 'System' }).selectOption(system);
      await page.getByRole('figure').first().waitFor();
      assert.deepEqual(await torn(page), [], `${client}, ${system}`);
    }
  }
});
