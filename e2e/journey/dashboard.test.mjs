// The dashboard in a browser, against the real hub: sign-ins, failures and their cures, servers that are added, tools that are tried,
// changes that come from elsewhere. Every test ends with a look at what the page should not have done (harness/dashboard.mjs).

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { Person } from '../harness/browser.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { BINARY, Hub } from '../harness/hub.mjs';
import { startPractice } from '../harness/practice.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

let person;
let world;
let practice;
let hub;
let dashboard;
let upstream;

before(async () => { [person, world, practice] = await Promise.all([Person.arrive(), startProtectedWorld(), startPractice()]); });
after(() => Promise.all([person?.leave(), world?.stop(), practice?.stop()]));
beforeEach(async () => {
  await world.reset();
  await practice.set({ iss: 'promised', consent: 'page', serverMetadata: 'pathInserted' });
});
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  await hub?.close();
  await upstream?.stop();
  [hub, dashboard, upstream] = [];
});

async function arrive(mcpServers, options) {
  hub = await Hub.start({ mcpServers });
  dashboard = await Dashboard.open(person, hub, options);
  await dashboard.logIn();
  return dashboard.page;
}

const http = (url) => ({ type: 'streamable-http', url });

// A command line as somebody else types it in a terminal.
async function mcphub(...args) {
  hub.token ?? await hub.api('GET', '/servers');
  const environment = { PATH: process.env.PATH, HOME: hub.folder, MCPHUB_URL: hub.url, MCPHUB_TOKEN: hub.token };
  return promisify(execFile)(BINARY, args, { env: environment });
}

// A mark that a reload of the page would lose.
const mark = (page) => page.evaluate(() => { globalThis.stillHere = true; });
const isStillHere = (page) => page.evaluate(() => globalThis.stillHere === true);

const stop = (page, name) => page.getByRole('region', { name: 'The sign-in, step by step' }).getByRole('button', { name: new RegExp(`^${name}`) });

test('a person signs in from the dashboard, and the timeline fills as it happens', async () => {
  const page = await arrive({ vault: http(world.url) });
  await hub.reaches('vault', 'oauth_required');
  await dashboard.server('vault');
  await mark(page);
  await page.getByText('Sign-in needed').first().waitFor();
  const link = page.getByRole('link', { name: 'Sign in to vault' });
  await link.waitFor();
  await stop(page, 'Authorization').getByText('waits for you').waitFor();
  await stop(page, 'Callback').getByText('not yet').waitFor();

  const window = await person.consentInWindow(() => link.click());
  for (const step of ['Discovery', 'Registration', 'Authorization', 'Callback', 'Token', 'Connected']) await stop(page, step).getByText('done', { exact: true }).waitFor({ state: 'attached' });
  await page.getByText('Connected').first().waitFor();
  await page.getByRole('tab', { name: /Tools\s*2/ }).waitFor();
  await stop(page, 'Token').click();
  const told = page.getByRole('region', { name: 'Token', exact: true });
  await told.getByText('POST').first().waitFor();
  await told.getByText('/token').first().waitFor();
  await told.getByText('200').first().waitFor();
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  assert.equal(await page.getByRole('link', { name: 'Sign in to vault' }).count(), 0, 'a link is still shown');
  await window.close();
  await dashboard.leave();
});

test('a sign-in that fails says why, under its number, and the next one cures it', async () => {
  await practice.set({ iss: 'wrong' });
  const page = await arrive({ lab: http(practice.url) });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab');
  await mark(page);
  const first = await person.consentInWindow(() => page.getByRole('link', { name: 'Sign in to lab' }).click());
  await stop(page, 'Callback').getByText('failed').waitFor();
  const told = page.getByRole('region', { name: 'Callback' });
  await told.getByText('RFC 9207').first().waitFor();
  const code = told.getByRole('link', { name: /^MCPHUB-AUTH-\d{3}$/ }).first();
  const number = await code.innerText();
  assert.equal(await code.getAttribute('href'), `${hub.url}/errors/${number}`);
  assert.equal((await fetch(`${hub.url}/errors/${number}`)).status, 200);

  await practice.set({ iss: 'promised' });
  const second = await person.consentInWindow(() => signInTo(page, 'lab'));
  await stop(page, 'Connected').getByText('done', { exact: true }).waitFor({ state: 'attached' });
  await page.getByRole('tab', { name: /Tools\s*[1-9]/ }).waitFor();
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  await page.getByRole('region', { name: 'Other sign-ins' }).waitFor();
  await Promise.all([first.close(), second.close()]);
  await dashboard.leave();
});

// One click, whether there is a link already or it has to be made first.
async function signInTo(page, name) {
  const label = { name: `Sign in to ${name}` };
  await page.getByRole('link', label).or(page.getByRole('button', label)).first().click();
}

test('one press of a key signs in where no link is there yet, and the login server gets no hold of the page', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab');
  await page.getByRole('link', { name: 'Sign in to lab' }).waitFor();
  await mark(page);
  // A denied sign-in is over, and leaves no link.
  await practice.set({ consent: 'deny' });
  await person.page.goto(await hub.authorizationUrl('lab'));
  const button = page.getByRole('button', { name: 'Sign in to lab' });
  await button.waitFor();
  await practice.set({ consent: 'page' });
  await button.focus();
  const opener = [];
  const window = await person.consentInWindow(() => page.keyboard.press('Enter'), (login) => login.evaluate(() => globalThis.opener).then((it) => opener.push(it)));
  assert.deepEqual(opener, [null], 'the login server has a hold of the page');
  await stop(page, 'Connected').getByText('done', { exact: true }).waitFor({ state: 'attached' });
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  await window.close();
  await dashboard.leave();
});

test('a sign-in that cannot begin leaves no window behind, and says why', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await hub.reaches('lab', 'oauth_required');
  await practice.set({ consent: 'deny' });
  await person.page.goto(await hub.authorizationUrl('lab'));
  await dashboard.server('lab');
  const button = page.getByRole('button', { name: 'Sign in to lab' });
  await button.waitFor();
  await practice.set({ consent: 'page', serverMetadata: 'absent' });
  const [window] = await Promise.all([person.context.waitForEvent('page'), button.click()]);
  if (!window.isClosed()) await window.waitForEvent('close');
  await page.getByRole('alert').filter({ hasText: 'The login server publishes no metadata that could be used.' }).waitFor();
  await dashboard.leave();
});

test('what is wrong is said in five lines, at home and on its page, with the number that leads further', async () => {
  const page = await arrive({ gone: http('http://127.0.0.1:9/mcp') });
  await hub.reaches('gone', 'disconnected');
  const { explained } = await hub.server('gone');
  const code = page.getByRole('link', { name: explained.code });
  await code.waitFor();
  await page.getByText('What happened, and what helps').click();
  await page.getByText(explained.whatHappened).waitFor();

  await page.getByRole('link', { name: 'gone', exact: true }).first().click();
  await dashboard.heading('gone').waitFor();
  const lines = await page.getByRole('main').locator('dl').first().innerText();
  for (const line of ['whatHappened', 'why', 'do'].map((member) => explained[member])) assert.equal(lines.includes(line), true, `${line} is not in: ${lines}`);
  assert.equal(await code.first().getAttribute('href'), `${hub.url}/errors/${explained.code}`);
  await dashboard.leave();
});

test('a server is added by the form, and its lines come until it is connected', async () => {
  const page = await arrive({});
  await page.getByRole('main').getByRole('link', { name: 'Add a server' }).first().click();
  await page.getByRole('textbox', { name: 'Address' }).fill(practice.url);
  await page.getByRole('textbox', { name: 'Name' }).fill('lab');
  await page.getByRole('button', { name: 'Add a server' }).click();
  await mark(page);
  await page.getByRole('listitem').filter({ hasText: 'Client' }).first().waitFor();
  const window = await person.consentInWindow(() => signInTo(page, 'lab'));
  await page.getByText('lab is connected').waitFor();
  await page.getByText('The sign-in renews by itself.').waitFor();
  const { tools } = await hub.server('lab');
  await page.getByRole('link', { name: `See its ${tools.length} tools` }).click();
  await page.getByRole('button', { name: /whoami/ }).waitFor();
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  await window.close();
  await dashboard.leave();
});

test('what the hub refuses is said with the number of the error', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await dashboard.go('/servers/add');
  await page.getByRole('textbox', { name: 'Address' }).fill(practice.url);
  await page.getByRole('textbox', { name: 'Name' }).fill('lab');
  await page.getByRole('button', { name: 'Add a server' }).click();
  const code = page.getByRole('alert').getByRole('link', { name: /^MCPHUB-[A-Z]+-\d{3}$/ });
  await code.waitFor();
  assert.equal((await fetch(await code.getAttribute('href'))).status, 200);
  await dashboard.leave();
});

test('the link for another machine is short, and a sign-in from there connects the server', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab');
  await page.getByRole('button', { name: 'For another machine' }).click();
  const address = page.locator('code', { hasText: `${hub.url}/c/` });
  await address.waitFor();
  await person.confirm(await address.innerText());
  await person.consent(`${hub.url}/oauth/callback`);
  await stop(page, 'Connected').getByText('done', { exact: true }).waitFor({ state: 'attached' });
  await dashboard.leave();
});

test('a tool with a nested schema is called from its form', async () => {
  upstream = await startCounterpart('catalogue');
  const page = await arrive({ shop: http(upstream.url) });
  await hub.reaches('shop', 'connected');
  await dashboard.server('shop', 'tools');
  await page.getByRole('button', { name: /place_order/ }).click();
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Call', exact: true }) });

  const customer = form.getByRole('group', { name: /^customer/ });
  await customer.getByLabel('name').fill('A');
  await form.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByText('At least 2 long.').waitFor();

  await customer.getByLabel('name').fill('Ada');
  await customer.getByLabel('city').fill('Zürich');
  const lines = form.getByRole('group', { name: /^lines/ });
  for (const [place, article, count] of [[1, 'lamp', '2'], [2, 'chair', '3']]) {
    await lines.getByRole('button', { name: 'Add: Line' }).click();
    const line = lines.getByRole('group', { name: new RegExp(`^Line ${place}`) });
    await line.getByLabel('article').fill(article);
    await line.getByLabel('count').fill(count);
  }
  await form.getByLabel('speed').selectOption({ label: 'fast' });
  await form.getByLabel('gift').selectOption({ label: 'Yes' });
  await form.getByRole('button', { name: 'Call', exact: true }).click();
  await page.getByText('Answered after').waitFor();
  const told = JSON.parse(await page.getByLabel('Structured').innerText());
  assert.deepEqual(told, {
    customer: { name: 'Ada', address: { city: 'Zürich' } },
    lines: [{ article: 'lamp', count: 2 }, { article: 'chair', count: 3 }],
    speed: 'fast',
    gift: true,
  });
  await dashboard.leave();
});

test('a sound that a tool answers can be played, and a picture is seen', async () => {
  upstream = await startCounterpart('everything-server');
  const page = await arrive({ all: http(upstream.url) });
  await hub.reaches('all', 'connected');
  await dashboard.server('all', 'tools', 'all-test_audio_content');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  const sound = page.locator('audio');
  await sound.waitFor();
  await page.waitForFunction(() => { const { readyState, error } = globalThis.document.querySelector('audio'); return readyState > 0 || error; });
  assert.equal(await sound.evaluate(({ error }) => error?.message ?? null), null);

  await dashboard.server('all', 'tools', 'all-test_image_content');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  const picture = page.getByRole('img', { name: 'Picture from the server' });
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.decode().then(() => image.naturalWidth)), 1);
  await dashboard.leave();
});

test('what somebody changes in a terminal appears without a reload', async () => {
  const page = await arrive({ lab: http(practice.url) });
  await hub.reaches('lab', 'oauth_required');
  await practice.set({ consent: 'allow' });
  await dashboard.go('/servers');
  const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'lab', exact: true }) });
  await row.getByText('Sign-in needed').waitFor();
  await mark(page);

  await person.page.goto(await hub.authorizationUrl('lab'));
  await row.getByText('Connected').waitFor();
  await mcphub('auth', 'logout', 'lab');
  await row.getByText('Sign-in needed').waitFor();
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  await dashboard.leave();
});

test('a server that somebody switches off in a terminal, and on again, is seen to be so without a reload', async () => {
  upstream = await startCounterpart('catalogue');
  const page = await arrive({ shop: http(upstream.url) });
  await hub.reaches('shop', 'connected');
  await dashboard.go('/servers');
  const row = page.getByRole('listitem').filter({ has: page.getByRole('link', { name: 'shop', exact: true }) });
  await row.getByText('Connected').waitFor();
  await mark(page);

  await mcphub('servers', 'toggle', 'shop', '--off');
  await row.getByText('Off', { exact: true }).waitFor();
  assert.equal(await row.getByRole('switch').getAttribute('aria-checked'), 'false');
  await mcphub('servers', 'toggle', 'shop', '--on');
  await row.getByText('Connected').waitFor();
  assert.equal(await row.getByRole('switch').getAttribute('aria-checked'), 'true');
  assert.equal(await isStillHere(page), true, 'the page was loaded anew');
  await dashboard.leave();
});
