// Many tabs of the dashboard at once, and tabs that stay open while the hub is stopped and started again.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';
import { startPractice } from '../harness/practice.mjs';

let person;
let practice;
let hub;
let tabs;

before(async () => { [person, practice] = await Promise.all([Person.arrive(), startPractice()]); });
after(() => Promise.all([person?.leave(), practice?.stop()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${await tabs?.at(-1)?.words()}\n`);
  await Promise.all((tabs ?? []).map(({ page }) => page.close()));
  await hub?.close();
  [hub, tabs] = [];
});

async function arrive(mcpServers) {
  hub = await Hub.start({ mcpServers });
  const dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
  tabs = [dashboard];
  return dashboard;
}

const isLive = ({ page }) => page.getByText('Live', { exact: true }).waitFor();

test('eight tabs are open, and a sign-in from the last one is seen in it and in the first', async () => {
  const first = await arrive({ lab: { type: 'streamable-http', url: practice.url } });
  await practice.set({ consent: 'page' });
  await hub.reaches('lab', 'oauth_required');
  await first.server('lab');
  while (tabs.length < 8) {
    await isLive(tabs.at(-1));
    await tabs.at(-1).hide();
    tabs.push(await Dashboard.another(person, hub));
  }
  const last = tabs.at(-1);
  await isLive(last);
  await last.server('lab');
  const window = await person.consentInWindow(() => last.page.getByRole('link', { name: 'Sign in to lab' }).click());
  await last.page.getByRole('tab', { name: /Tools\s*[1-9]/ }).waitFor();
  await window.close();

  assert.equal(await first.page.getByRole('tab', { name: /Tools\s*[1-9]/ }).count(), 0, 'a tab that nobody sees keeps a line of the browser');
  await last.hide();
  await first.show();
  await first.page.getByRole('tab', { name: /Tools\s*[1-9]/ }).waitFor();
  await Promise.all(tabs.map((tab) => tab.leave()));
});

test('a tab that stays open while the hub is started again asks for the login by itself, and is live after it', async () => {
  for (const [address, title] of [['/servers', 'Servers'], ['/logs', 'Log']]) {
    const dashboard = await arrive({});
    const { page } = dashboard;
    await dashboard.go(address);
    // A page that is not loaded yet when the hub stops is asked for again, in vain.
    await dashboard.heading(title).waitFor();
    await isLive(dashboard);
    await hub.stop();
    // On a narrow screen the menu is closed, and what is shown is as old.
    for (const [width, place] of [[360, 'banner'], [1280, 'complementary']]) {
      await page.setViewportSize({ width, height: 900 });
      await page.getByRole(place).getByText('Not live; trying again').waitFor();
    }
    await hub.start();
    await page.locator('input[type="password"]').waitFor();
    const others = dashboard.faults.filter((fault) => !fault.includes('net::ERR_'));
    assert.deepEqual(others, []);
    dashboard.faults.length = 0;
    await dashboard.logIn();
    await isLive(dashboard);
    await dashboard.leave();
    await hub.close();
  }
});
