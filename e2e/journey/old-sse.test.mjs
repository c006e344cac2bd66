// The old HTTP+SSE transport at /sse and at a user's /{user}/sse, with the clients of the official TypeScript and Python SDKs, in front of
// servers over Streamable HTTP and over standard input and output; and a hub whose server is another hub's /sse.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { CreateMessageRequestSchema, ElicitRequestSchema, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { startCounterpart } from '../harness/counterpart.mjs';
import { eventually } from '../harness/eventually.mjs';
import { textOf } from '../harness/client.mjs';
import { Hub } from '../harness/hub.mjs';

const PATIENT = fileURLToPath(new URL('../counterparts/patient-server.mjs', import.meta.url));
const PYTHON = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));
const OLD_CLIENT = fileURLToPath(new URL('../counterparts/python/old_client.py', import.meta.url));
const TOOLS = ['steps', 'sample', 'elicit', 'grow', 'wait'];

const diary = (name) => join(folder, `${name}.diary`);
const lines = (name) => (existsSync(diary(name)) ? readFileSync(diary(name), 'utf8').trim().split('\n') : []);
const count = (name, line) => lines(name).filter((it) => it === line).length;

let folder;
let remote;
let hub;
let front;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mcphub-old-sse-'));
  remote = await startCounterpart('patient-server', { diary: diary('remote') });
  const local = { command: process.execPath, args: [PATIENT, JSON.stringify({ diary: diary('local') }), 'stdio'] };
  const key = (id, more) => ({ id, token: `key-of-${id}`, enabled: true, accessType: 'all', ...more });
  hub = await Hub.start({
    mcpServers: { remote: { type: 'streamable-http', url: remote.url, owner: 'alice' }, local: { ...local, owner: 'bob' } },
    users: [{ username: 'alice' }, { username: 'bob' }],
    bearerKeys: [key('system'), key('alice', { kind: 'user', owner: 'alice' })],
  });
  const headers = { Authorization: 'Bearer key-of-system' };
  const behind = (path) => ({ type: 'sse', url: `${hub.url}${path}`, headers });
  await Promise.all([hub.reaches('remote', 'connected'), hub.reaches('local', 'connected')]);
  front = await Hub.start({ mcpServers: { far: behind('/sse/remote'), all: behind('/sse') }, systemConfig: { routing: { enableBearerAuth: false } } });
  await Promise.all([front.reaches('far', 'connected'), front.reaches('all', 'connected')]);
});
after(async () => {
  await front?.close();
  await hub?.close();
  await remote?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// Each case: what stands in front of a tool's name there, and whose diary tells of it.
const places = () => [
  { url: `${hub.url}/sse/remote`, key: 'key-of-system', prefix: '', server: 'remote' },
  { url: `${hub.url}/sse/local`, key: 'key-of-system', prefix: '', server: 'local' },
  { url: `${hub.url}/sse`, key: 'key-of-system', prefix: 'local-', server: 'local' },
  { url: `${hub.url}/alice/sse`, key: 'key-of-alice', prefix: 'remote-', server: 'remote' },
  { url: `${front.url}/sse/far`, prefix: '', server: 'remote' },
  { url: `${front.url}/sse`, prefix: 'all-local-', server: 'local' },
];

async function connect({ url, key }) {
  const client = new Client({ name: 'e2e', version: '1.0.0' }, { capabilities: { sampling: {}, elicitation: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, () => ({ role: 'assistant', model: 'nobody', content: { type: 'text', text: 'a walk' } }));
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept', content: { colour: 'blue' } }));
  const changed = new Promise((resolve) => { client.setNotificationHandler(ToolListChangedNotificationSchema, resolve); });
  await client.connect(new SSEClientTransport(new URL(url), { requestInit: { headers: key ? { authorization: `Bearer ${key}` } : {} } }));
  return { client, changed };
}

const names = async (client) => (await client.listTools()).tools.map(({ name }) => name);

for (const at of [0, 1, 2, 3, 4, 5]) {
  test(`the TypeScript SDK's client at place ${at}: lists, progress, questions, news, and calls that end with it`, async () => {
    const place = places()[at];
    const { client, changed } = await connect(place);
    const here = (tool) => `${place.prefix}${tool}`;
    const before = await names(client);
    for (const tool of TOOLS) assert.ok(before.includes(here(tool)), `${here(tool)} in ${before}`);
    const steps = [];
    await client.callTool({ name: here('steps'), arguments: {} }, undefined, { onprogress: ({ progress }) => steps.push(progress) });
    assert.deepEqual(steps, [1, 2, 3]);
    assert.equal(await textOf(client, here('sample')), 'sampled: a walk');
    assert.equal(await textOf(client, here('elicit')), 'elicited: accept blue');
    assert.equal(await textOf(client, here('grow')), 'growing');
    await changed;
    assert.equal((await names(client)).length, before.length + 1);

    const [begun, ended] = [count(place.server, 'began'), count(place.server, 'cancelled')];
    const aborted = new AbortController();
    const waiting = client.callTool({ name: here('wait'), arguments: {} }, undefined, { signal: aborted.signal }).catch(() => {});
    await eventually('the call began', () => count(place.server, 'began') === begun + 1);
    aborted.abort();
    await waiting;
    await eventually('the cancelled call ended', () => count(place.server, 'cancelled') === ended + 1);

    client.callTool({ name: here('wait'), arguments: {} }).catch(() => {});
    await eventually('another call began', () => count(place.server, 'began') === begun + 2);
    await client.close();
    await eventually('it ended with its client', () => count(place.server, 'cancelled') === ended + 2);
  });

  test(`the Python SDK's client at place ${at}: the same, and it leaves without a word`, async () => {
    const { url, key, prefix, server } = places()[at];
    for (const leaves of [false, true]) {
      const ended = count(server, 'cancelled');
      const { stdout } = await promisify(execFile)(PYTHON, [OLD_CLIENT, JSON.stringify({ url, prefix, leaves, ...(key && { key }) })], { timeout: 60_000 });
      const heard = JSON.parse(stdout);
      for (const tool of TOOLS) assert.ok(heard.tools.includes(`${prefix}${tool}`), `${prefix}${tool} in ${heard.tools}`);
      assert.deepEqual(heard.steps, [1, 2, 3]);
      assert.deepEqual([heard.sampling, heard.elicitation], ['what next', 'which colour']);
      assert.deepEqual(heard.texts, ['three steps', 'sampled: a walk', 'elicited: accept blue', 'growing']);
      assert.equal(heard.after.length, heard.tools.length + 1);
      await eventually('its call ended', () => count(server, 'cancelled') === ended + 1);
    }
  });
}

test("a user's address shows what that user may see, and takes nobody else's key", async () => {
  const { client } = await connect({ url: `${hub.url}/alice/sse`, key: 'key-of-alice' });
  const seen = await names(client);
  assert.ok(seen.length > 0 && seen.every((name) => name.startsWith('remote-')), String(seen));
  await client.close();
  const refused = await connect({ url: `${hub.url}/bob/sse`, key: 'key-of-alice' }).catch((error) => error);
  assert.equal(refused.code, 403);
});

test('a client goes on by itself when the hub was started anew', async () => {
  const { client } = await connect({ url: `${front.url}/sse/far` });
  try {
    assert.equal(await textOf(client, 'steps'), 'three steps');
    await front.kill();
    await front.start();
    await front.reaches('far', 'connected');
    await eventually('the client has a stream again', async () => await textOf(client, 'steps') === 'three steps', { within: 30_000, every: 500 });
  } finally {
    await client.close();
  }
});
