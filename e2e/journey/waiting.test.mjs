// Calls that meet a missing sign-in, made by the official SDKs (TypeScript and Python): the person follows the hub's own link in a browser, and the same
// call is answered.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ElicitationCompleteNotificationSchema, ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Person } from '../harness/browser.mjs';
import { connectClient } from '../harness/client.mjs';
import { Hub } from '../harness/hub.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON = file('../.venv/bin/python');
const PYTHON_CLIENT = file('../counterparts/python/waiting_client.py');

let person;
let world;
let hub;
before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
beforeEach(async () => {
  world = await startProtectedWorld();
  hub = await Hub.start({ mcpServers: { vault: { url: world.url } } });
  await hub.reaches('vault', 'oauth_required');
});
afterEach(async () => {
  await hub?.close();
  await world?.stop();
});

const echo = { name: 'echo', arguments: { text: 'hello' } };

async function allow(link) {
  await person.confirm(link);
  await person.consent(`${hub.url}/oauth/callback`);
}

function answered({ isError, content }) {
  assert.ok(!isError, content[0].text);
  assert.equal(content[0].text, 'hello');
}

test('a client without elicitation hears in its progress where to sign in, and its call is answered', async () => {
  const client = await connectClient(`${hub.url}/mcp/vault`);
  let call;
  const told = await new Promise((heard) => {
    call = client.callTool(echo, undefined, { onprogress: ({ message }) => heard(message) });
  });
  const link = new RegExp(`${hub.url}/c/\\w+`).exec(told)?.[0];
  assert.ok(link, `no link in: ${told}`);
  await allow(link);
  answered(await call);
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
  await client.close();
});

test('a client with elicitation by address is asked to open the page, and is told when it is done', async () => {
  let ask;
  let done;
  const asked = new Promise((heard) => { ask = heard; });
  const completed = new Promise((heard) => { done = heard; });
  const client = await connectClient(`${hub.url}/mcp/vault`, {
    capabilities: { elicitation: { url: {} } },
    prepare: (prepared) => {
      prepared.setRequestHandler(ElicitRequestSchema, ({ params }) => {
        ask(params);
        return { action: 'accept' };
      });
      prepared.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => done(params));
    },
  });
  const call = client.callTool(echo);
  const { mode, url, message, elicitationId } = await asked;
  assert.equal(mode, 'url');
  assert.ok(url.startsWith(`${hub.url}/connect/`), url);
  assert.match(message, /vault needs a sign-in/);
  await allow(url);
  answered(await call);
  assert.equal((await completed).elicitationId, elicitationId);
  await client.close();
});

test('twenty clients wait for one sign-in of one person, and all are answered', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, () => connectClient(`${hub.url}/mcp/vault`)));
  const links = [];
  const calls = [];
  await Promise.all(clients.map((client) => new Promise((heard) => {
    calls.push(client.callTool(echo, undefined, { onprogress: ({ message }) => { links.push(message); heard(); } }));
  })));
  await allow(/http:\S+\/c\/\w+/.exec(links[0])[0]);
  for (const call of calls) answered(await call);
  assert.equal(new Set(links).size, 1, 'more than one link');
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
  await Promise.all(clients.map((client) => client.close()));
});

// The Python SDK begins with `server/discover` (2026-07-28) where it may, and with a handshake else.
for (const [mode, asked] of [['legacy', false], ['legacy', true], ['2026-07-28', false], ['2026-07-28', true]]) {
  test(`the Python SDK (${mode}, ${asked ? 'can' : 'cannot'} be asked) waits, and its call is answered`, async () => {
    const client = spawn(PYTHON, [PYTHON_CLIENT, JSON.stringify({ url: `${hub.url}/mcp/vault`, mode, asked })], { stdio: ['pipe', 'pipe', 'inherit'] });
    try {
      const lines = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
      const next = async () => JSON.parse((await lines.next()).value);
      const { told, asked: how } = await next();
      assert.equal(how, asked ? 'url' : undefined);
      await allow(/http:\S+\/(?:c|connect)\/[\w-]+/.exec(told)[0]);
      let last;
      do last = await next(); while (last.told);
      assert.deepEqual(last, { text: 'hello', error: false });
    } finally {
      client.kill();
    }
  });
}
