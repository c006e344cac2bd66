// An administrator says in the dashboard who may use a group and a server, and the settings file says the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';

const PASSWORD = 'long enough for it';
const off = { type: 'streamable-http', url: 'http://127.0.0.1:9/mcp', enabled: false };
const servers = Array.from({ length: 30 }, (_, place) => [`server-${place}`, off]);

let person;
let hub;
let dashboard;

before(async () => {
  person = await Person.arrive();
  hub = await Hub.start({
    mcpServers: Object.fromEntries([['shop', { ...off, visibility: 'group', sharedWithUsers: ['gone'] }], ['till', { ...off, visibility: 'public' }], ...servers]),
    groups: [{ id: 'g', name: 'sales', servers: ['shop', 'till'], owner: 'admin', visibility: 'private', sharedWithUsers: ['gone'] }],
  });
  for (const username of ['ada', 'bob']) await hub.api('POST', '/users', { username, password: PASSWORD, isAdmin: false });
});
after(() => Promise.all([person?.leave(), hub?.close()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  dashboard = undefined;
});

// Whether a client with this key is let into the group.
async function isOpen(key) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${key}` };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a client', version: '1' } };
  const response = await fetch(`${hub.url}/mcp/sales`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }) });
  return response.ok;
}

const written = () => JSON.parse(readFileSync(hub.settingsPath, 'utf8'));

test('an administrator shares a group with a user, on a small screen too and with the keyboard, and the user’s client is let in', async () => {
  const { token } = await hub.api('POST', '/auth/keys', { name: 'ada at work', kind: 'user', owner: 'ada' });
  assert.equal(await isOpen(token), false);
  dashboard = await Dashboard.open(person, hub, { width: 360, height: 640 });
  const { page } = dashboard;
  await dashboard.logIn();
  await dashboard.visit('/groups');
  const card = page.getByRole('main').getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'sales' }) });
  await card.getByText('Only its owner and administrators').waitFor();
  await card.getByRole('button', { name: 'Change sales' }).click();
  const question = page.getByRole('dialog').getByRole('group', { name: 'Who may use it' });
  await question.getByText('It belongs to admin.').waitFor();
  await question.getByRole('radio', { name: 'Only its owner and administrators' }).focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await question.getByRole('radio', { name: 'These users' }).isChecked(), true);
  await question.getByRole('checkbox', { name: 'ada' }).waitFor();
  await question.getByText('Is no user').waitFor();
  assert.deepEqual(await dashboard.seriousFaults(), []);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  assert.equal(await question.getByRole('checkbox', { name: 'gone' }).isChecked(), false);
  // A click, and not a tick by force: what lay over it would take it.
  await question.getByText('ada', { exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await card.getByText('Shared with ada').waitFor();
  assert.equal(await isOpen(token), true);
  const { owner, visibility, sharedWithUsers, servers } = written().groups[0];
  assert.deepEqual({ owner, visibility, sharedWithUsers, servers }, { owner: 'admin', visibility: 'group', sharedWithUsers: ['ada'], servers: ['shop', 'till'] });
  await dashboard.leave();
});

test('an administrator shares a server in its settings, and the user finds it', async () => {
  dashboard = await Dashboard.open(person, hub);
  const { page } = dashboard;
  await dashboard.logIn();
  await dashboard.server('shop', 'settings');
  const main = page.getByRole('main');
  await main.getByText('Shared with gone (is no user)').waitFor();
  const question = main.getByRole('group', { name: 'Who may use it' });
  await question.getByRole('checkbox', { name: 'bob' }).check();
  const draft = main.getByLabel('Settings as JSON');
  assert.deepEqual(JSON.parse(await draft.inputValue()).sharedWithUsers, ['gone', 'bob']);
  // Another part of the page, and what was chosen is still there.
  await main.getByRole('tab', { name: /^Tools/ }).click();
  await main.getByRole('tab', { name: 'Settings' }).click();
  assert.equal(await question.getByRole('checkbox', { name: 'bob' }).isChecked(), true);
  await question.getByRole('checkbox', { name: 'gone' }).uncheck();
  assert.deepEqual(await dashboard.seriousFaults(), []);
  await main.getByRole('button', { name: 'Save' }).click();
  await main.getByText('Shared with bob').waitFor();
  assert.deepEqual(written().mcpServers.shop, { ...off, visibility: 'group', sharedWithUsers: ['bob'] });
  await dashboard.leave();

  dashboard = await Dashboard.open(person, hub);
  await dashboard.page.getByLabel('Name').fill('bob');
  await dashboard.page.locator('input[type="password"]').fill(PASSWORD);
  await dashboard.page.keyboard.press('Enter');
  await dashboard.heading('Home').waitFor();
  await dashboard.visit('/servers');
  await dashboard.page.getByRole('main').getByRole('link', { name: 'shop' }).waitFor();
  assert.equal(await dashboard.page.getByRole('main').getByRole('link', { name: /^server-/ }).count(), 0);
  await dashboard.leave();
});
