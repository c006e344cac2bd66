// Several servers wait for a sign-in: a person walks through all of them from the hub's one page, in a browser, against an authorization server that others wrote.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { connectClient } from '../harness/client.mjs';
import { Hub } from '../harness/hub.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

const NAMES = ['first', 'second', 'third'];

let person;
let world;
let hub;
before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
beforeEach(async () => { world = await startProtectedWorld(); });
afterEach(async () => {
  await hub?.close();
  await world?.stop();
});

// Three entries of one server are three sign-ins.
async function start(settings = {}) {
  const mcpServers = Object.fromEntries(NAMES.map((name) => [name, { url: world.url, visibility: 'public' }]));
  hub = await Hub.start({ mcpServers, ...settings });
  for (const name of NAMES) await hub.reaches(name, 'oauth_required');
}

const heading = (name) => person.page.getByRole('heading', { level: 1, name });
const entry = (name) => person.page.getByRole('listitem').filter({ has: person.page.getByRole('heading', { name, exact: true }) });

async function walkThrough() {
  for (const [done, name] of NAMES.entries()) {
    await person.clickAndConsent(`Sign in to ${name}`, `${hub.url}/connect`);
    const next = NAMES[done + 1];
    if (next) {
      await heading(`${name} is signed in`).waitFor();
      await person.page.getByText(`Next: ${next} (${done + 2} of 3).`).waitFor();
      // The key Enter goes on.
      assert.equal(await person.page.evaluate(() => document.activeElement?.value), next);
    }
    await entry(name).getByText(/Signed in and connected, \d+ tool/).waitFor();
  }
  await heading('All are signed in').waitFor();
  assert.equal(await person.page.getByRole('button').count(), 0);
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 3 });
  assert.ok(!/[?&](code|state)=/.test(person.page.url()), person.page.url());
}

test('a person walks through all servers that wait, one click for each', async () => {
  await start();
  await person.page.goto(`http://127.0.0.1:${hub.port}/connect`);
  assert.equal(person.page.url(), `${hub.url}/connect`);
  await heading('3 servers wait for a sign-in').waitFor();
  await walkThrough();
  for (const name of NAMES) {
    const client = await connectClient(`${hub.url}/mcp/${name}`);
    const { isError, content } = await client.callTool({ name: 'echo', arguments: { text: name } });
    assert.ok(!isError, content[0].text);
    await client.close();
  }
});

test('where the hub asks for keys, the person logs in once, and a second browser has to as well', async () => {
  await start({ bearerKeys: [{ id: 'k', name: 'Laptop', token: 'secret', enabled: true, accessType: 'all' }] });
  await person.page.goto(`${hub.url}/connect`);
  await person.page.getByLabel('User name').fill('admin');
  await person.page.getByLabel('Password').fill(hub.password);
  await person.page.getByRole('button', { name: 'Show what waits' }).click();
  await heading('3 servers wait for a sign-in').waitFor();
  await walkThrough();
  const other = await Person.arrive();
  await other.page.goto(`${hub.url}/connect`);
  await other.page.getByLabel('Password').waitFor();
  await other.leave();
});
