// A client on the official TypeScript SDK whose connections break, and whose hub is killed and started again: it goes on with the calls
// that it makes, without knowing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { connectClient, textOf } from '../harness/client.mjs';
import { startWire } from '../harness/cut.mjs';
import { Hub } from '../harness/hub.mjs';

const EVERYTHING = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url));
const KEY = 'only for this test, and long enough for a key';
const long = (seconds, steps) => ({ name: 'trigger-long-running-operation', arguments: { duration: seconds, steps } });

let hub;
before(async () => {
  hub = await Hub.start({ mcpServers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } } }, { MCPHUB_CREDENTIAL_ENCRYPTION_KEY: KEY });
  await hub.reaches('everything', 'connected');
});
after(() => hub?.close());

test('a call goes on when its connection breaks, and each step is told once', async () => {
  const wire = await startWire(hub.port);
  const client = await connectClient(`http://localhost:${wire.port}/mcp/everything`);
  try {
    const steps = [];
    const onprogress = ({ progress }) => {
      steps.push(progress);
      if (progress === 2 || progress === 8) wire.cut();
    };
    const { content, isError } = await client.callTool(long(5, 10), undefined, { onprogress });
    assert.ok(!isError);
    assert.match(content[0].text, /Steps: 10/);
    // The SDK's client loses a step that arrives together with the answer.
    assert.deepEqual(steps.slice(0, 9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  } finally {
    await client.close();
    wire.stop();
  }
});

test('a client of a hub that was killed and started again goes on in its session, and hears that all may have changed', async () => {
  let changed;
  const heard = new Promise((resolve) => { changed = resolve; });
  const prepare = (client) => client.setNotificationHandler(ToolListChangedNotificationSchema, () => changed());
  const client = await connectClient(`${hub.url}/mcp/everything`, { prepare });
  try {
    assert.match(await textOf(client, 'echo', { message: 'before' }), /before/);
    const session = client.transport.sessionId;
    await hub.kill();
    await hub.start();
    await hub.reaches('everything', 'connected');
    assert.match(await textOf(client, 'echo', { message: 'after' }), /after/);
    assert.equal(client.transport.sessionId, session);
    assert.match(hub.log(), /a session of another process goes on here/);
    await heard;
    await client.transport.terminateSession();
    assert.equal((await ping(session)).status, 404);
  } finally {
    await client.close();
  }
});

test('a call that was under way when the hub was killed fails at once when it is there again', async () => {
  const client = await connectClient(`${hub.url}/mcp/everything`);
  try {
    let restarted;
    const onprogress = () => { restarted ??= hub.kill().then(() => hub.start()); };
    const call = client.callTool(long(600, 2_000), undefined, { onprogress, timeout: 60_000 });
    await assert.rejects(call, /the hub was restarted/);
    await restarted;
    await hub.reaches('everything', 'connected');
    assert.match(await textOf(client, 'echo', { message: 'again' }), /again/);
  } finally {
    await client.close();
  }
});

function ping(session) {
  return fetch(`${hub.url}/mcp/everything`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-session-id': session },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
}
