// The dashboard where something does not go as wished: what failed stays to be seen, and there is always a way on.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';
import { startPractice } from '../harness/practice.mjs';

let person;
let practice;
let hub;
let dashboard;

before(async () => { [person, practice] = await Promise.all([Person.arrive(), startPractice()]); });
after(() => Promise.all([person?.leave(), practice?.stop()]));
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${dashboard?.faults.join('\n')}\n${await dashboard?.words()}\n`);
  await dashboard?.page.close();
  await hub?.close();
  [hub, dashboard] = [];
});

async function arrive(mcpServers) {
  hub = await Hub.start({ mcpServers });
  dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
  return dashboard.page;
}

test('the sign-in that failed stays in the strip, whatever the hub began after it', async () => {
  await practice.set({ consent: 'page', trouble: { token: [{ fault: 'oauth', error: 'invalid_client', times: 1 }] } });
  const page = await arrive({ lab: { type: 'streamable-http', url: practice.url } });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab');
  await person.consentInWindow(() => page.getByRole('link', { name: 'Sign in to lab' }).click());
  await page.getByRole('link', { name: 'MCPHUB-AUTH-017' }).first().waitFor();
  const strip = page.getByRole('region', { name: 'The sign-in, step by step' });
  await strip.getByRole('button', { name: /^Token.*failed/s }).waitFor();
  await strip.getByText('POST 127.0.0.1', { exact: false }).first().waitFor();
  await page.getByRole('region', { name: 'Other sign-ins' }).getByText('not finished').waitFor();
  await practice.set({ trouble: {} });
  await dashboard.leave();
});

test('the names of a sign-in’s stages fit their boxes, and the strip of tabs does not scroll up and down', async () => {
  const page = await arrive({ lab: { type: 'streamable-http', url: practice.url } });
  await hub.reaches('lab', 'oauth_required');
  await dashboard.server('lab', 'signIn');
  await page.getByRole('button', { name: /^Authorization/ }).waitFor();
  for (const width of [390, 768, 1024, 1100, 1280]) {
    await page.setViewportSize({ width, height: 800 });
    const tight = await page.getByRole('region', { name: 'The sign-in, step by step' }).locator('li > button').evaluateAll((boxes) =>
      boxes.filter((box) => {
        const name = document.createRange();
        name.selectNodeContents(box.querySelector('span.font-medium'));
        return name.getBoundingClientRect().right + 4 > box.getBoundingClientRect().right;
      }).map((box) => box.innerText));
    assert.deepEqual(tight, [], `at ${width} px`);
    assert.equal(await page.getByRole('tablist').evaluate((list) => list.scrollHeight - list.clientHeight), 0, `the tabs scroll at ${width} px`);
  }
  await dashboard.leave();
});

test('a server that was added and cannot be reached can be opened, changed and removed where that is seen', async () => {
  const page = await arrive({});
  await dashboard.go('/servers/add');
  await page.getByRole('textbox', { name: 'Address' }).fill('http://127.0.0.1:9/mcp');
  await page.getByRole('textbox', { name: 'Name' }).fill('gone');
  await page.getByRole('button', { name: 'Add a server' }).click();
  await page.getByRole('link', { name: 'Open it' }).waitFor();
  await page.getByRole('button', { name: 'Add another' }).waitFor();
  assert.match(await page.getByRole('link', { name: 'Change the address' }).getAttribute('href'), /name=gone&tab=settings/);
  await page.getByRole('button', { name: 'Remove it' }).click();
  await page.getByRole('dialog', { name: 'Remove gone?' }).getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('textbox', { name: 'Address' }).waitFor();
  assert.deepEqual(await hub.api('GET', '/servers'), []);
  await dashboard.leave();
});
