// The page of calls: they come by themselves, each with what came of it, are narrowed and paged, and keep nothing of what was said.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { HOSTILE } from '../counterparts/catalogue/hostile.mjs';
import { Person } from '../harness/browser.mjs';
import { connectClient } from '../harness/client.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';

let person;
let upstream;
let hub;
let dashboard;

before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  await hub?.close();
  await upstream?.stop();
  [upstream, hub, dashboard] = [];
});

async function arrive(options) {
  upstream = await startCounterpart('catalogue', options);
  hub = await Hub.start({ mcpServers: { shop: { type: 'streamable-http', url: upstream.url } } });
  await hub.reaches('shop', 'connected');
  dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
  await dashboard.go('/activity');
  await dashboard.settled();
  return dashboard.page;
}

const rows = (page) => page.getByRole('table', { name: 'Tool calls, the newest first' }).locator('tbody tr');

test('a call through /mcp appears on an open page by itself, with its failure beside it, and its arguments nowhere', async () => {
  const page = await arrive({ tools: 1 });
  await page.getByText('No calls yet').waitFor();
  await page.evaluate(() => { globalThis.stillHere = true; });
  const client = await connectClient(`${hub.url}/mcp`);
  await client.callTool({ name: 'shop-read_record_0000', arguments: { id: 'a word of mine' } });
  await rows(page).filter({ hasText: 'read_record_0000' }).getByText('Answered').waitFor();
  await assert.rejects(async () => {
    const client = await connectClient(`${hub.url}/mcp/shop`);
    await client.callTool({ name: 'none', arguments: { password: 'hunter2' } });
  });
  await rows(page).filter({ hasText: 'none' }).getByText('Error', { exact: true }).waitFor();
  assert.equal(await rows(page).count(), 2);
  assert.equal(await page.evaluate(() => globalThis.stillHere), true, 'the page was loaded anew');
  const sums = page.locator('dl').filter({ hasText: 'Median' });
  assert.match(await sums.innerText(), /Calls\s*2\s+Failed\s*1/);

  await page.getByRole('button', { name: 'Show the call of none' }).click();
  const detail = page.getByRole('dialog', { name: 'none' });
  for (const word of ['shop', 'e2e', 'without a key']) await detail.getByText(word, { exact: true }).first().waitFor();
  assert.equal((await dashboard.words()).includes('hunter2'), false);
  await detail.getByRole('link', { name: 'The server' }).click();
  await dashboard.heading('shop').waitFor();

  await dashboard.go('/activity');
  await page.getByRole('button', { name: 'Show the call of read_record_0000' }).click();
  await page.getByRole('dialog').getByRole('link', { name: 'Try the tool' }).click();
  await page.getByRole('heading', { name: 'shop-read_record_0000' }).waitFor();
  await dashboard.leave();
});

test('the list is narrowed by the keyboard and the address keeps it, and pages stand still while more is called', async () => {
  const page = await arrive({ tools: 2 });
  const client = await connectClient(`${hub.url}/mcp/shop`);
  const read = (number) => client.callTool({ name: `read_record_000${number}`, arguments: {} });
  for (let call = 0; call < 52; call += 1) await read(0);
  await page.getByText('1 to 50 of 52').waitFor();
  await page.getByRole('button', { name: 'Older' }).press('Enter');
  await page.getByText('51 to 52 of 52').waitFor();
  await read(1);
  await page.getByRole('combobox', { name: 'Tool' }).locator('option', { hasText: 'read_record_0001' }).waitFor({ state: 'attached' });
  await page.getByText('51 to 52 of 52').waitFor();
  assert.equal(await rows(page).count(), 2);
  await page.getByRole('button', { name: 'Follow' }).click();
  await page.getByText('1 to 50 of 53').waitFor();
  await page.getByRole('combobox', { name: 'Tool' }).selectOption('read_record_0001');
  await page.getByText('1 to 1 of 1').waitFor();
  assert.match(page.url(), /tool=read_record_0001/);
  await page.getByRole('combobox', { name: 'What came of it' }).selectOption('error');
  await page.getByText('No call matches').waitFor();
  await page.reload();
  await page.getByText('No call matches').waitFor();
  await dashboard.go('/activity');
  await page.getByRole('searchbox').fill('RECORD_0001');
  await page.getByText('1 to 1 of 1').waitFor();
  await page.getByRole('searchbox').fill('');
  await page.getByText('1 to 50 of 53').waitFor();
  await page.getByRole('button', { name: 'Forget all calls' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget all calls' }).click();
  await page.getByText('No calls yet').waitFor();
  await dashboard.leave();
});

// rule: safe-x01
test('hostile names of tools, clients and hostile errors stay text and within the page', async () => {
  const page = await arrive({ hostile: true });
  const { tools } = await hub.reaches('shop', 'connected');
  for (const [place, text] of HOSTILE.entries()) {
    const client = new Client({ name: text, version: '1' });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp/shop`)));
    await client.callTool({ name: tools[place].name.replace(/^shop-/, ''), arguments: {} });
    await client.close();
  }
  await rows(page).nth(HOSTILE.length - 1).waitFor();
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 900 });
    const found = await page.evaluate(() => ({
      strange: [...document.querySelectorAll('main img, main script, main iframe, main svg[onload], main [onerror]')].map(({ outerHTML }) => outerHTML.slice(0, 200)),
      title: document.title === 'harmed',
      wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
    }));
    assert.deepEqual(found, { strange: [], title: false, wide: false }, `${width} wide`);
  }
  for (const button of await page.getByRole('button', { name: /^Show the call of/ }).all()) {
    await button.click();
    await page.getByRole('dialog').waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth), false);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  }
  assert.deepEqual(await dashboard.seriousFaults(), []);
  await dashboard.leave();
});
