// The pages on which something is tried, and on which clients are let in, in a browser: prompts, resources, the doctor, connecting clients
// with and without keys, and which clients wait.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { connectClient, textOf } from '../harness/client.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';
import { startPractice } from '../harness/practice.mjs';

let person;
let everything;
let practice;
let hub;
let dashboard;
let client;

before(async () => { [person, everything, practice] = await Promise.all([Person.arrive(), startCounterpart('everything-server'), startPractice()]); });
after(() => Promise.all([person?.leave(), everything?.stop(), practice?.stop()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await client?.close();
  await dashboard?.page.close();
  await hub?.close();
  [hub, dashboard, client] = [];
});

async function arrive(mcpServers, more = {}) {
  hub = await Hub.start({ mcpServers, ...more });
  dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
  return dashboard.page;
}

const http = (url) => ({ type: 'streamable-http', url });

test('a prompt is got with its arguments, and what it says is shown with who says it', async () => {
  const page = await arrive({ all: http(everything.url) });
  const { prompts } = await hub.reaches('all', 'connected');
  await dashboard.server('all');
  await page.getByRole('tab', { name: new RegExp(`^Prompts\\s*${prompts.length}`) }).click();
  const row = page.getByRole('listitem').filter({ hasText: 'all-test_prompt_with_arguments' });
  await row.getByText('Try it', { exact: true }).click();
  const get = row.getByRole('button', { name: 'Get the prompt' });
  await row.getByLabel('arg1').fill('one');
  await get.click();
  assert.equal(await row.locator('input:invalid').count(), 1, 'what the prompt requires may be left out');
  await row.getByLabel('arg2').fill('two');
  await get.click();
  await row.getByText("Prompt with arguments: arg1='one', arg2='two'").waitFor();
  await row.getByText('User', { exact: true }).waitFor();

  const pictured = page.getByRole('listitem').filter({ hasText: 'all-test_prompt_with_image' });
  await pictured.getByText('Try it', { exact: true }).click();
  await pictured.getByRole('button', { name: 'Get the prompt' }).click();
  await pictured.getByRole('img', { name: 'Picture from the server' }).waitFor();
  await dashboard.leave();
});

test('a resource is read, and one that is hidden from clients cannot be', async () => {
  const page = await arrive({ all: http(everything.url) });
  await hub.reaches('all', 'connected');
  await dashboard.server('all', 'resources');
  const row = page.getByRole('listitem').filter({ hasText: 'test://static-text' });
  await row.getByRole('button', { name: 'Read it' }).click();
  await row.getByText('This is the content of the static text resource.').waitFor();
  await row.getByRole('switch').click();
  await page.waitForFunction(() => document.querySelector('main [role="switch"][aria-checked="false"]') !== null);
  assert.equal(await row.getByRole('button', { name: 'Read it' }).isDisabled(), true);

  const picture = page.getByRole('listitem').filter({ hasText: 'test://static-binary' });
  await picture.getByRole('button', { name: 'Read it' }).click();
  await picture.getByRole('img').waitFor();
  await dashboard.leave();
});

test('a prompt that the server refuses says why, and the next attempt goes on from there', async () => {
  const page = await arrive({ all: http(everything.url) });
  await hub.reaches('all', 'connected');
  await dashboard.server('all', 'prompts');
  const row = page.getByRole('listitem').filter({ hasText: 'all-test_simple_prompt' });
  await row.getByText('Try it', { exact: true }).click();
  await hub.api('POST', '/servers/all/toggle', { enabled: false });
  await row.getByRole('button', { name: 'Get the prompt' }).click();
  await row.getByRole('alert').waitFor();
  await hub.api('POST', '/servers/all/toggle', { enabled: true });
  await hub.reaches('all', 'connected');
  await row.getByRole('button', { name: 'Get the prompt' }).click();
  await row.getByText('This is a simple prompt for testing.').waitFor();
  await dashboard.leave();
});

test('the doctor examines an address and a server, line by line, and its report can be taken along', async () => {
  const page = await arrive({ gone: http('http://127.0.0.1:9/mcp') });
  await page.getByRole('navigation').first().getByRole('link', { name: 'Doctor' }).click();
  await page.getByText('Nothing was examined yet').waitFor();
  await page.getByLabel('Server or address').fill(practice.url);
  await page.getByRole('button', { name: 'Examine' }).click();
  await page.getByText('Nothing is wrong.', { exact: true }).waitFor();
  const lines = page.getByRole('list', { name: 'What was found' }).getByRole('listitem');
  assert.ok((await lines.count()) > 5, 'the way to a sign-in has more steps');

  await page.getByLabel('Server or address').fill('gone');
  await page.keyboard.press('Enter');
  await page.getByText('Nobody answers at the address.').waitFor();
  const code = lines.getByRole('link', { name: /^MCPHUB-LINK-\d{3}$/ }).first();
  assert.equal((await fetch(await code.getAttribute('href'))).status, 200);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: hub.url });
  await page.getByRole('button', { name: 'Copy the report' }).click();
  await page.getByText('Copied').waitFor();
  const report = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(report.includes('127.0.0.1:9'), report);

  await dashboard.server('gone');
  await dashboard.heading('gone').waitFor();
  await page.getByRole('link', { name: 'Examine' }).click();
  await dashboard.heading('Doctor').waitFor();
  await page.getByText('Nobody answers at the address.').waitFor();
  await dashboard.leave();
});

const configuration = (page) => page.getByRole('main').locator('figure pre');

test('a hub that asks for no key shows a configuration without one, and says so', async () => {
  const page = await arrive({ all: http(everything.url) });
  await dashboard.go('/connect?client=cursor');
  await page.getByText('Not needed: this hub lets clients in without one.').waitFor();
  assert.equal(await page.getByLabel('With a key').isChecked(), false);
  assert.deepEqual(JSON.parse(await configuration(page).innerText()), { mcpServers: { mcphub: { url: `${hub.url}/mcp` } } });

  await page.getByLabel('With a key').check();
  await page.getByText('With the first one, the hub asks every client for a key').waitFor();
  assert.equal(await configuration(page).count(), 0, 'there is no key to be written down');
  await dashboard.leave();
});

test('a hub that asks for a key and has none says so, and the key that is made there lets the client in', async () => {
  const page = await arrive({ all: http(everything.url) }, { systemConfig: { routing: { enableBearerAuth: true } } });
  await hub.reaches('all', 'connected');
  await dashboard.go('/connect?client=cursor');
  await page.getByText('There is no key yet').waitFor();
  assert.equal(await page.getByLabel('With a key').isChecked(), true);
  assert.equal(await configuration(page).count(), 0, 'a configuration is shown that lets nobody in');
  assert.match(await page.getByRole('link', { name: 'All about keys' }).getAttribute('href'), /#\/keys$/);

  await page.getByRole('button', { name: 'Make a key for it' }).click();
  await configuration(page).waitFor();
  const { url, headers } = JSON.parse(await configuration(page).innerText()).mcpServers.mcphub;
  client = await connectClient(url, { headers });
  assert.match(await textOf(client, 'all-test_simple_text'), /simple text/);

  await dashboard.visit('/connect?client=vscode');
  await page.getByText('Put your key in the place of <your key>.').waitFor();
  assert.ok((await configuration(page).innerText()).includes('Bearer <your key>'));
  await dashboard.leave();
});

test('who is connected is seen, and how many calls wait for a sign-in, as they come and go', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await practice.set({ consent: 'allow' });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab', 'signIn');
  await page.getByRole('link', { name: 'Sign in to lab' }).waitFor();
  client = await connectClient(`${hub.url}/mcp/lab`);
  const calls = ['one', 'two'].map((text) => textOf(client, 'echo', { text }));
  await page.getByText('2 calls wait for this sign-in').waitFor();
  assert.equal((await hub.server('lab')).waitingCalls, 2);

  await dashboard.go('/connect');
  const row = page.getByRole('region', { name: 'Connected clients' }).getByRole('listitem');
  await row.getByText('2 calls wait for a sign-in').waitFor();
  await row.getByText('e2e', { exact: true }).waitFor();

  await person.page.goto(await hub.authorizationUrl('lab'));
  assert.deepEqual(await Promise.all(calls), ['one', 'two']);
  await page.getByRole('button', { name: 'Look again' }).click();
  await row.getByText('2 calls wait for a sign-in').waitFor({ state: 'detached' });
  assert.equal((await hub.server('lab')).waitingCalls ?? 0, 0);
  await dashboard.server('lab', 'signIn');
  await page.getByText('The tokens are stored, and the server is connected with them.').waitFor();
  await page.getByText('wait for this sign-in').waitFor({ state: 'detached' });
  await dashboard.leave();
});
