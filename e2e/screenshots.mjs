// Pictures of every page of the dashboard, to be looked at: light, dark, narrow and in Chinese; with nothing, on its way, refused,
// unreachable, full (100 servers, one with 1,000 tools), with a prompt and a resource that were tried, with the dialog of a call, and the stages of a sign-in.
// `make screenshots` puts them into target/screenshots; an argument
// that is a state's name takes those of this state alone.

import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Person } from './harness/browser.mjs';
import { Dashboard } from './harness/dashboard.mjs';
import { PAGES, startFilled } from './harness/filled.mjs';
import { Hub } from './harness/hub.mjs';

const OUT = fileURLToPath(new URL('../target/screenshots/', import.meta.url));
const LOOKS = { light: { scheme: 'light' }, dark: { scheme: 'dark' }, narrow: { scheme: 'light', width: 360, height: 1400 } };
const ALL_LOOKS = { ...LOOKS, chinese: { scheme: 'light', language: 'zh-CN' } };
// Of the size that the guide's pictures have (docs/guide/images).
const GUIDE = { light: { scheme: 'light', width: 1100, height: 720 } };
const OVERVIEWS = ['home', 'servers', 'connect', 'groups', 'keys', 'journal', 'activity', 'logs', 'users', 'settings', 'doctor'];
const TRIED = ['server-prompts', 'server-resources', 'doctor-lab'];

const [only] = process.argv.slice(2);
const person = await Person.arrive();
let taken = 0;

async function take(dashboard, state, name, look) {
  mkdirSync(`${OUT}${state}`, { recursive: true });
  await dashboard.page.screenshot({ path: `${OUT}${state}/${name}-${look}.png`, animations: 'disabled' });
  taken += 1;
}

// Each look in a tab of its own, logged in; `prepare` is told the tab before a page is opened.
async function state(name, hub, pages, { prepare = async () => {}, settles = true, act = async () => {}, looks = LOOKS } = {}) {
  if (only !== undefined && only !== name) return;
  for (const [look, options] of Object.entries(looks)) {
    const dashboard = await Dashboard.open(person, hub, options);
    if (name === 'full') {
      await dashboard.page.locator('input[type="password"]').waitFor();
      await take(dashboard, name, 'login', look);
    }
    await dashboard.logIn();
    await prepare(dashboard.page);
    for (const page of pages) {
      await dashboard.page.goto('about:blank');
      await dashboard.go(PAGES[page]);
      if (settles) {
        await dashboard.settled();
        await act(dashboard.page, page);
      } else await dashboard.page.locator('h1').or(dashboard.page.getByRole('status')).filter({ visible: true }).first().waitFor();
      await take(dashboard, name, page, look);
    }
    await dashboard.page.close();
  }
}

const refusal = { success: false, message: 'the settings file cannot be read: permission denied', errorCode: 'MCPHUB-HUB-001', type: 'errors/MCPHUB-HUB-001', title: 'The hub itself failed.', detail: 'permission denied' };
const but = (answer) => (page) => page.route(/\/api\/(?!auth\/user)/, answer);

// Of the server's own refusals there is none to be had that is always the same.
const tryRefused = (page) => page.route(/\/api\/(mcp|resources)\//, (route) => route.fulfill({ status: 502, contentType: 'application/json', body: JSON.stringify({ ...refusal, message: 'the server answered: no such document (-32602)' }) }));

async function tryFirst(page, name) {
  const main = page.getByRole('main');
  if (name === 'server-prompts') {
    await main.getByText('Try it').first().click();
    await main.getByRole('button', { name: 'Get the prompt' }).first().click();
  } else await main.getByRole('button', { name: 'Read it' }).first().click();
  await main.getByRole('alert').or(main.locator('[aria-live] > *')).first().waitFor();
}

// The dialog of a call that failed.
async function openFailed(page) {
  await page.getByRole('button', { name: /test_error_handling/ }).click();
  await page.getByRole('dialog').waitFor();
}

const empty = await Hub.start({ mcpServers: {} });
await state('empty', empty, OVERVIEWS);
await empty.close();

const filled = await startFilled({ tools: 999, crowd: 93 });
await state('full', filled.hub, Object.keys(PAGES), { looks: ALL_LOOKS });
await state('guide', filled.hub, ['home', 'server-tools'], { looks: GUIDE });
await state('opened', filled.hub, ['activity'], { act: openFailed, looks: ALL_LOOKS });
await state('tried', filled.hub, ['server-prompts', 'server-resources'], { act: tryFirst });
await state('try-failed', filled.hub, ['server-prompts', 'server-resources'], { prepare: tryRefused, act: tryFirst });
await state('loading', filled.hub, OVERVIEWS, { prepare: but(() => {}), settles: false });
await state('refused', filled.hub, [...OVERVIEWS, ...TRIED], { prepare: but((route) => route.fulfill({ status: 500, contentType: 'application/json', body: JSON.stringify(refusal) })) });
await state('unreachable', filled.hub, ['home', 'servers'], { prepare: but((route) => route.abort()) });

await filled.practice.set({ iss: 'wrong', consent: 'allow' });
await person.page.goto(await filled.hub.authorizationUrl('lab'));
await filled.hub.reaches('lab', 'disconnected');
await state('sign-in-failed', filled.hub, ['home', 'server-sign-in'], { looks: ALL_LOOKS });
await state('guide', filled.hub, ['server-sign-in'], { looks: { dark: { ...GUIDE.light, scheme: 'dark' } } });
await filled.practice.set({ iss: 'promised' });
await person.page.goto(await filled.hub.authorizationUrl('lab'));
await filled.hub.reaches('lab', 'connected');
await state('signed-in', filled.hub, ['home', 'server-sign-in', 'journal']);

await filled.close();
await person.leave();
process.stdout.write(`${taken} pictures in ${OUT}\n`);
