// What strangers can do to the dashboard: texts of servers and clients that mean harm, and lists without end. And what it costs: the
// scripts of the first load, and the policy under which they run.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, afterEach, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { HOSTILE } from '../counterparts/catalogue/hostile.mjs';
import { Person } from '../harness/browser.mjs';
import { startCounterpart } from '../harness/counterpart.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { Hub } from '../harness/hub.mjs';

const MOST_SCRIPT = 250_000;

let person;
let upstream;
let hub;
let dashboard;

before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${dashboard?.faults.join('\n')}\n`);
  await dashboard?.page.close();
  await hub?.close();
  await upstream?.stop();
  [upstream, hub, dashboard] = [];
});

const http = (url) => ({ type: 'streamable-http', url });

async function arrive(options, mcpServers) {
  upstream = await startCounterpart('catalogue', options);
  hub = await Hub.start({ mcpServers: mcpServers(upstream.url) }, { RUST_LOG: 'debug' });
  dashboard = await Dashboard.open(person, hub);
  await dashboard.logIn();
  return dashboard.page;
}

// Nothing of it became part of the page, and nothing of it ran or widened the page beyond its window.
async function assertHarmless(page) {
  const found = await page.evaluate(() => ({
    strange: [...document.querySelectorAll('img:not([src="./icon.svg"]), script:not([src]), iframe, svg[onload], [onerror], a[href^="javascript:"]')].map(({ outerHTML }) => outerHTML.slice(0, 200)),
    title: document.title === 'harmed',
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  assert.deepEqual(found, { strange: [], title: false, wide: false });
}

// rule: safe-x01
test('hostile texts in names, descriptions, schemas, results and errors stay text', async () => {
  const page = await arrive({ hostile: true }, (url) => ({ evil: http(url), [HOSTILE[0]]: http(url) }));
  const { tools } = await hub.reaches('evil', 'connected');
  assert.equal(tools.length, HOSTILE.length * 2);
  for (const [place, text] of HOSTILE.entries()) {
    const start = text.slice(0, 80);
    for (const tool of [tools[place], tools[HOSTILE.length + place]]) {
      await dashboard.visit(`/server?${new URLSearchParams({ name: 'evil', tab: 'tools', item: tool.name })}`);
      await page.getByRole('button', { name: 'Call', exact: true }).click();
      await page.getByText('Answered after').or(page.getByRole('alert')).first().waitFor();
      assert.ok((await page.getByRole('main').innerText()).includes(start), `${start} is not shown as it is`);
      await assertHarmless(page);
    }
  }
  await dashboard.visit('/servers');
  await page.getByRole('link', { name: HOSTILE[0] }).waitFor();
  await assertHarmless(page);
  await dashboard.leave();
});

// rule: safe-x01
test('hostile prompts and resources stay text, and so does what they answer', async () => {
  const page = await arrive({ hostile: true }, (url) => ({ evil: http(url) }));
  const { prompts, resources } = await hub.reaches('evil', 'connected');
  assert.deepEqual([prompts.length, resources.length], [HOSTILE.length, HOSTILE.length]);
  for (const [tab, open, button] of [['prompts', 'Try it', 'Get the prompt'], ['resources', undefined, 'Read it']]) {
    await dashboard.visit(`/server?name=evil&tab=${tab}`);
    const rows = page.getByRole('main').getByRole('listitem');
    for (const [place, text] of HOSTILE.entries()) {
      const row = rows.nth(place);
      if (open) await row.getByText(open, { exact: true }).click();
      await row.getByRole('button', { name: button }).click();
      const answer = row.locator('[aria-live].flex-col');
      await answer.locator('pre').first().waitFor();
      const start = text.slice(0, 80);
      for (const [part, said] of [['answer', await answer.innerText()], ['list', (await row.innerText()).replace(await answer.innerText(), '')]]) assert.ok(said.includes(start), `${start} is not in the ${part} as it is: ${said.slice(0, 2_000)}`);
      await assertHarmless(page);
    }
  }
  await dashboard.leave();
});

test('lists and answers in shapes that no schema has are shown as they came', async () => {
  const page = await arrive({ misshapen: true }, (url) => ({ odd: http(url) }));
  await hub.reaches('odd', 'connected');
  for (const [tab, open, button] of [['prompts', 'Try it', 'Get the prompt'], ['resources', undefined, 'Read it']]) {
    await dashboard.visit(`/server?name=odd&tab=${tab}`);
    const row = page.getByRole('main').getByRole('listitem').first();
    await row.getByText('{"a":1}').first().waitFor();
    if (open) await row.getByText(open, { exact: true }).click();
    await row.getByRole('button', { name: button }).click();
    await row.locator('[aria-live].flex-col').locator('pre').first().waitFor();
  }
  await dashboard.visit('/server?name=odd&tab=tools');
  await page.getByRole('button', { name: /place_order/ }).click();
  await page.getByRole('button', { name: 'Call', exact: true }).waitFor();
  await dashboard.leave();
});

// rule: safe-x01
test('what a hostile server tells the doctor stays text', async () => {
  const evil = createServer((request, response) => {
    const { port } = evil.address();
    if (request.url.includes('/metadata')) return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ resource: HOSTILE[0], authorization_servers: [HOSTILE[1]] }));
    const header = `Bearer error="${HOSTILE[1].replaceAll('"', '')}", scope="${HOSTILE[2]}", resource_metadata="http://127.0.0.1:${port}/metadata"`;
    return response.writeHead(401, { 'www-authenticate': header, 'content-type': 'text/html' }).end(HOSTILE[0]);
  }).listen(0, '127.0.0.1');
  await once(evil, 'listening');
  try {
    const page = await arrive({}, () => ({ evil: http(`http://127.0.0.1:${evil.address().port}/mcp`) }));
    await dashboard.visit('/doctor?server=evil');
    const lines = page.getByRole('list', { name: 'What was found' });
    await lines.getByText('onerror=').first().waitFor();
    await assertHarmless(page);
    await dashboard.visit('/server?name=evil&tab=signIn');
    await assertHarmless(page);
    await dashboard.leave();
  } finally {
    evil.closeAllConnections();
    evil.close();
  }
});

// rule: safe-x01
test('the names of clients, programs, keys and groups stay text wherever they are shown', async () => {
  const page = await arrive({}, (url) => ({ shop: http(url) }));
  await hub.reaches('shop', 'connected');
  const clients = [];
  for (const name of HOSTILE) {
    const client = new Client({ name, version: HOSTILE[0] });
    await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.url}/mcp/shop`)));
    clients.push(client);
  }
  await dashboard.visit('/connect');
  const connected = page.getByRole('region', { name: 'Connected clients' });
  assert.equal(await connected.getByRole('listitem').count(), HOSTILE.length);
  for (const name of HOSTILE) await connected.getByText(name.slice(0, 80)).first().waitFor();
  await assertHarmless(page);
  await Promise.all(clients.map((client) => client.close()));
  const programs = HOSTILE.map((name, place) => ({ clientId: `${place} ${name}`, name, redirectUris: [name, `https://a.example/${'x'.repeat(1_900)}`] }));
  writeFileSync(hub.settingsPath, JSON.stringify({ ...hub.settings(), oauthClients: programs }));
  const letIn = page.getByRole('region', { name: 'Programs that were let in' });
  await letIn.getByRole('listitem').nth(HOSTILE.length - 1).waitFor();
  for (const name of HOSTILE) assert.ok((await letIn.innerText()).includes(name.slice(0, 80)), `${name} is not shown as it is`);
  await assertHarmless(page);
  await letIn.getByRole('button', { name: /^Take out/ }).first().click();
  await page.getByRole('dialog').getByText(HOSTILE[0].slice(0, 80)).first().waitFor();
  await assertHarmless(page);
  await page.keyboard.press('Escape');
  // What the hub was asked for is in its log, too.
  await fetch(`${hub.url}/mcp/${encodeURIComponent(HOSTILE[0])}`, { method: 'POST', body: HOSTILE[1] });
  await hub.api('POST', '/auth/keys', { name: HOSTILE[0], accessType: 'all' });
  await hub.api('POST', '/groups', { name: 'strange', description: HOSTILE[1], servers: [] });
  for (const address of ['/logs', '/journal', '/keys', '/groups', '/']) {
    await dashboard.visit(address);
    await assertHarmless(page);
  }
  await dashboard.visit('/keys');
  await page.getByText(HOSTILE[0], { exact: true }).waitFor();
  await dashboard.visit('/groups');
  await page.getByText(HOSTILE[1], { exact: true }).waitFor();
  await dashboard.leave();
});

test('100 servers and 1,000 tools are searched as fast as one types', async () => {
  const crowd = (url) => Object.fromEntries(Array.from({ length: 99 }, (_, place) => [`team-${String(place).padStart(3, '0')}`, { ...http(url), enabled: false }]));
  const page = await arrive({ tools: 999 }, (url) => ({ shop: http(url), ...crowd(url) }));
  await hub.reaches('shop', 'connected');
  await dashboard.visit('/servers');
  await page.getByRole('main').getByRole('listitem').nth(99).waitFor({ state: 'attached' });
  await typed(page, 'Search servers', 'team-042');
  await page.waitForFunction(() => document.querySelectorAll('main li').length === 1);
  await dashboard.visit('/server?name=shop&tab=tools');
  await page.getByRole('main').getByRole('listitem').nth(999).waitFor({ state: 'attached' });
  await typed(page, 'Search 1000 tools', 'record_0777');
  await page.waitForFunction(() => document.querySelectorAll('main li').length === 1);
  await dashboard.leave();
});

// No letter keeps the page busy for longer than a person notices.
async function typed(page, label, text) {
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, duration); }).observe({ type: 'longtask' });
  });
  await page.getByRole('searchbox', { name: label }).pressSequentially(text);
  const longest = await page.evaluate(() => globalThis.longest);
  assert.ok(longest < 1_000, `a letter kept the page busy for ${longest} ms`);
}

// rule: safe-w04
test('the first load has less than 250 kB of scripts, pressed, and its policy lets nothing else in', async () => {
  upstream = await startCounterpart('catalogue');
  hub = await Hub.start({ mcpServers: { shop: http(upstream.url) } });
  await hub.reaches('shop', 'connected');
  dashboard = await Dashboard.open(person, hub);
  const { page } = dashboard;
  const scripts = new Set();
  page.on('request', (request) => { if (request.url().endsWith('.js')) scripts.add(request.url()); });
  const answer = await page.goto(`${hub.url}/`);
  await dashboard.logIn();
  await dashboard.heading('Home').waitFor();
  await page.getByText('The address for clients').waitFor();
  const sizes = await Promise.all([...scripts].map(async (url) => gzipSync(await (await fetch(url)).bytes()).length));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  assert.ok(whole > 50_000 && whole < MOST_SCRIPT, `${whole} bytes of script`);

  const policy = Object.fromEntries(answer.headers()['content-security-policy'].split(';').map((rule) => rule.trim().split(/\s+(.*)/)));
  assert.deepEqual([policy['script-src'], policy['style-src'], policy['default-src'], policy['object-src']], ["'self'", "'self'", "'self'", "'none'"]);
  // The policy is not only said: what it forbids is written down as a fault.
  await page.evaluate(() => { document.body.insertAdjacentHTML('beforeend', '<p style="color: red">x</p>'); });
  await page.waitForFunction(() => document.body.lastElementChild.textContent === 'x');
  assert.ok(dashboard.faults.some((fault) => fault.includes('style-src')), 'a style in the markup was let in');
  dashboard.faults.length = 0;
  await dashboard.leave();
});
