// What only administrators do in the dashboard, and what everybody else meets there.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';

const SECRET = 'a secret that stays here';

let person;
let hub;
let dashboard;

before(async () => {
  person = await Person.arrive();
  hub = await Hub.start({ mcpServers: { gone: { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp', headers: { Authorization: SECRET } } } });
});
after(() => Promise.all([person?.leave(), hub?.close()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  dashboard = undefined;
});

test('the settings are taken out as a file that has no secret in it', async () => {
  dashboard = await Dashboard.open(person, hub);
  const { page } = dashboard;
  await dashboard.logIn();
  await dashboard.go('/settings');
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export without secrets' }).click()]);
  assert.equal(download.suggestedFilename(), 'mcp_settings.json');
  const text = await readFile(await download.path(), 'utf8');
  assert.equal(JSON.parse(text).mcpServers.gone.url, 'http://127.0.0.1:9/mcp');
  assert.equal(text.includes(SECRET), false);
  await dashboard.leave();
});

test('every key of the settings can be looked up beside the JSON, as the hub itself describes it', async () => {
  dashboard = await Dashboard.open(person, hub);
  const { page } = dashboard;
  await dashboard.logIn();
  await dashboard.go('/settings');
  await page.getByRole('tab', { name: 'JSON' }).click();
  await page.getByText('Every key and what it does').click();
  await page.getByRole('searchbox', { name: 'Search the keys' }).fill('public address');
  const schema = await (await fetch(`${hub.url}/schema/mcp_settings.json`)).json();
  await page.getByText(schema.properties.systemConfig.properties.install.properties.baseUrl.description, { exact: true }).waitFor();
  assert.deepEqual(await page.getByRole('main').locator('dl .prose-code').allInnerTexts(), ['install.baseUrl']);
  assert.deepEqual(await dashboard.seriousFaults(), []);
  await dashboard.leave();
});

test('who is no administrator hears so at an address that he typed, and sees nothing to press there', async () => {
  await hub.api('POST', '/users', { username: 'ada', password: 'long enough for it', isAdmin: false });
  dashboard = await Dashboard.open(person, hub);
  const { page } = dashboard;
  await page.getByLabel('Name').fill('ada');
  await page.locator('input[type="password"]').fill('long enough for it');
  await page.keyboard.press('Enter');
  await dashboard.heading('Home').waitFor();
  for (const address of ['/servers/add', '/groups', '/keys', '/activity', '/doctor', '/logs', '/users', '/settings']) {
    await dashboard.visit(address);
    await dashboard.heading('Only for administrators').waitFor();
    assert.equal(await page.getByRole('main').getByRole('button').count(), 0, address);
  }
  await dashboard.leave();
});
