// No page of the dashboard has a fault of accessibility that keeps somebody out, as far as axe finds them: in light and in dark, wide and
// narrow, the login and the dialogs too.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { PAGES, startFilled } from '../harness/filled.mjs';

let person;
let filled;
let dashboard;

before(async () => { [person, filled] = await Promise.all([Person.arrive(), startFilled()]); });
after(() => Promise.all([person?.leave(), filled?.close()]));
afterEach(() => dashboard?.page.close());

for (const [scheme, width] of [['light', 1280], ['dark', 1280], ['light', 360]]) {
  test(`no page has a serious fault of accessibility: ${scheme}, ${width} wide`, async () => {
    dashboard = await Dashboard.open(person, filled.hub, { scheme, width });
    const { page } = dashboard;
    const found = {};
    const look = async (name) => {
      const faults = await dashboard.seriousFaults();
      if (faults.length > 0) found[name] = faults;
    };
    await page.locator('input[type="password"]').waitFor();
    await look('login');
    await dashboard.logIn();
    const menu = await page.locator('nav a').evaluateAll((links) => links.map((link) => link.hash.slice(1)));
    assert.ok(menu.length >= 9, `the menu has ${menu}`);
    for (const address of new Set([...Object.values(PAGES), ...menu])) {
      await dashboard.visit(address);
      await look(address);
    }
    for (const [address, button] of [['/keys', 'Make a key'], ['/groups', 'Make a group'], ['/users', 'Make a user'], ['/connect', 'Take out Claude Code']]) {
      await dashboard.visit(address);
      await page.getByRole('main').getByRole('button', { name: button }).first().click();
      await page.getByRole('dialog').waitFor();
      await look(`${address}: ${button}`);
      await page.keyboard.press('Escape');
    }
    await dashboard.visit('/activity');
    await page.getByRole('main').getByRole('button', { name: /^Show the call of/ }).first().click();
    await page.getByRole('dialog').waitFor();
    await look('/activity: a call');
    assert.deepEqual(found, {});
    await dashboard.leave();
  });
}

test('a fault that is put into a page is found', async () => {
  dashboard = await Dashboard.open(person, filled.hub);
  await dashboard.settled();
  await dashboard.page.evaluate(() => { document.querySelector('main').append(document.createElement('button')); });
  assert.match((await dashboard.seriousFaults()).join(), /button-name/);
  await dashboard.leave();
});
