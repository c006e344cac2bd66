// A server that we did not write, started by the hub as its child: `@modelcontextprotocol/server-everything` over standard input and
// output. All that it offers, and what it asks of the client in the middle of a call, passes through /mcp/{server}.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { connectClient, textOf } from '../harness/client.mjs';
import { Hub } from '../harness/hub.mjs';

const EVERYTHING = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url));
const capabilities = { sampling: {}, elicitation: {}, roots: { listChanged: true } };

let hub;
let client;
const asked = [];
before(async () => {
  hub = await Hub.start({ mcpServers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'], env: { ONLY_FOR_THE_CHILD: 'yes' } } } }, { SECRET_OF_THE_HUB: 'not for children' });
  await hub.reaches('everything', 'connected');
  client = await connectClient(`${hub.url}/mcp/everything`, { capabilities, prepare: answerRequests });
});
after(async () => {
  await client?.close();
  await hub?.close();
});

function answerRequests(asking) {
  asking.setRequestHandler(CreateMessageRequestSchema, ({ params }) => {
    asked.push(['sampling', params.messages[0].content.text]);
    return { role: 'assistant', model: 'nobody', content: { type: 'text', text: 'a sampled answer' } };
  });
  asking.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    asked.push(['elicitation', params.message]);
    return { action: 'decline' };
  });
  asking.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: 'file:///somewhere', name: 'somewhere' }] }));
}

test('tools are listed under their own names, and called', async () => {
  const { tools } = await client.listTools();
  assert.ok(tools.some(({ name }) => name === 'echo'));
  assert.match(await textOf(client, 'echo', { message: 'hello there' }), /hello there/);
  assert.match(await textOf(client, 'get-sum', { a: 2, b: 40 }), /42/);
});

test('images come through as they are', async () => {
  const { content } = await client.callTool({ name: 'get-tiny-image', arguments: {} });
  const image = content.find(({ type }) => type === 'image');
  assert.equal(image.mimeType, 'image/png');
  assert.equal(Buffer.from(image.data, 'base64').subarray(1, 4).toString(), 'PNG');
});

test('prompts are listed and filled in', async () => {
  const { prompts } = await client.listPrompts();
  assert.ok(prompts.length >= 2);
  const { messages } = await client.getPrompt({ name: 'args-prompt', arguments: { city: 'Ulm' } });
  assert.match(JSON.stringify(messages), /Ulm/);
});

test('resources and templates are listed and read', async () => {
  const { resources } = await client.listResources();
  assert.ok(resources.length > 0);
  const { contents } = await client.readResource({ uri: resources[0].uri });
  assert.equal(contents[0].uri, resources[0].uri);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.ok(resourceTemplates.length > 0);
});

test('completion answers for the arguments of a template', async () => {
  const { completion } = await client.complete({ ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value: 'E' } });
  assert.deepEqual(completion.values, ['Engineering']);
});

test('a sampling request in the middle of a call reaches the client that called', async () => {
  const text = await textOf(client, 'trigger-sampling-request', { prompt: 'what is up', maxTokens: 10 });
  assert.match(text, /a sampled answer/);
  assert.ok(asked.some(([kind, what]) => kind === 'sampling' && what.includes('what is up')));
});

test('an elicitation in the middle of a call reaches the client that called', async () => {
  await client.callTool({ name: 'trigger-elicitation-request', arguments: {} });
  assert.ok(asked.some(([kind]) => kind === 'elicitation'));
});

test("progress reaches the caller under the caller's own token", async () => {
  const steps = [];
  await client.callTool({ name: 'trigger-long-running-operation', arguments: { duration: 0.3, steps: 3 } }, undefined, { onprogress: (progress) => steps.push(progress.progress) });
  // The SDK's client loses a step that arrives together with the answer, so the last one may be missing.
  assert.deepEqual(steps.slice(0, 2), [1, 2]);
});

test("the child sees its own environment and not the hub's secrets", async () => {
  const environment = JSON.parse(await textOf(client, 'get-env'));
  assert.equal(environment.ONLY_FOR_THE_CHILD, 'yes');
  assert.equal(environment.SECRET_OF_THE_HUB, undefined);
  assert.equal(environment.ADMIN_PASSWORD, undefined);
});

test('a tool that does not exist is said by name', async () => {
  const answer = await client.callTool({ name: 'no-such-tool', arguments: {} }).catch((error) => error);
  assert.match(answer instanceof Error ? answer.message : JSON.stringify(answer.content), /no-such-tool/);
});
