// Clients that we did not write sign in to the hub itself: they meet its 401, find its documents, register, send a person to its page, get tokens, and renew them; and when the person is gone, so is their access.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Person } from '../harness/browser.mjs';
import { textOf } from '../harness/client.mjs';
import { Dashboard } from '../harness/dashboard.mjs';
import { eventually } from '../harness/eventually.mjs';
import { Hub } from '../harness/hub.mjs';
import { Loopback } from '../harness/loopback.mjs';

const file = (path) => fileURLToPath(new URL(path, import.meta.url));
const EVERYTHING = file('../node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const MCP_REMOTE = file('../node_modules/mcp-remote/dist/proxy.js');
const PYTHON = file('../.venv/bin/python');
const PYTHON_CLIENT = file('../counterparts/python/signing_in_client.py');
const RUST_CLIENT = file('../../target/counterpart/debug/signing-in-client');
const PASSWORD = 'correct horse battery';

let person;
let hub;
let loopback;
before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
beforeEach(async () => {
  hub = await Hub.start({
    mcpServers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'], visibility: 'public' } },
    systemConfig: { routing: { enableBearerAuth: true }, oauthServer: { accessTokenLifetime: 5 } },
  });
  await hub.api('POST', '/users', { username: 'alice', password: PASSWORD });
  await hub.reaches('everything', 'connected');
  loopback = await Loopback.open();
});
afterEach(async () => {
  loopback?.close();
  await hub?.close();
});

// Reads the hub's page, and says yes as Alice; lands where the program listens.
async function allow(link, visitor = person) {
  await visitor.page.goto(link);
  await visitor.page.getByText('Let this program in?').waitFor();
  await visitor.page.getByLabel('User name').fill('alice');
  await visitor.page.getByLabel('Password').fill(PASSWORD);
  await visitor.page.getByRole('button', { name: 'Allow' }).click();
  const back = new URL(link).searchParams.get('redirect_uri');
  await visitor.page.waitForURL((url) => url.href.startsWith(back));
}

// One message at `/mcp` with this token.
const say = (token, message, more = {}) => fetch(`${hub.url}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...more }, body: JSON.stringify({ jsonrpc: '2.0', ...message }) });

// A stream without an end, of a session of its own.
async function openStream(token) {
  const hello = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
  const session = { 'mcp-session-id': (await say(token, { id: 1, method: 'initialize', params: hello })).headers.get('mcp-session-id') };
  await say(token, { method: 'notifications/initialized' }, session);
  const stream = await fetch(`${hub.url}/mcp`, { headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...session } });
  assert.equal(stream.status, 200);
  return stream;
}

const client = () => new Client({ name: 'e2e', version: '1.0.0' });
const transport = (url, authProvider) => new StreamableHTTPClientTransport(new URL(url), { authProvider });

// Signs in as a program on the SDK does, and gives the connected client.
async function signIn(url, provider) {
  const first = transport(url, provider);
  await assert.rejects(client().connect(first), UnauthorizedError);
  const answer = loopback.answer();
  await allow(provider.kept.asked.at(-1).href);
  const said = await answer;
  assert.equal(said.get('state'), 'a state of this test');
  assert.equal(said.get('iss'), hub.url);
  await first.finishAuth(said.get('code'));
  const signedIn = client();
  await signedIn.connect(transport(url, provider));
  return signedIn;
}

for (const endpoint of ['/mcp', '/mcp/everything']) {
  test(`a program on the TypeScript SDK signs in at ${endpoint} by what the hub says alone, calls a tool, and renews its token`, async () => {
    const provider = loopback.provider();
    const signedIn = await signIn(`${hub.url}${endpoint}`, provider);
    const { tools } = await signedIn.listTools();
    const { name } = tools.find((tool) => tool.name.endsWith('echo'));
    assert.match(await textOf(signedIn, name, { message: 'hello' }), /hello/);
    const before = provider.kept.tokens.access_token;
    const refused = async () => (await fetch(`${hub.url}${endpoint}`, { method: 'POST', headers: { authorization: `Bearer ${before}` } })).status === 401;
    await eventually('the first token is over', refused);
    assert.match(await textOf(signedIn, name, { message: 'again' }), /again/);
    assert.notEqual(provider.kept.tokens.access_token, before);
    assert.equal(provider.kept.asked.length, 1, 'nobody was asked again');
    await signedIn.close();
  });
}

test('a sign-in outlives the hub, and ends with its user', async () => {
  const provider = loopback.provider();
  const signedIn = await signIn(`${hub.url}/mcp`, provider);
  await signedIn.close();
  assert.equal(hub.settingsMode(), 0o600);
  const written = JSON.stringify(hub.settings());
  for (const word of [provider.kept.tokens.access_token, provider.kept.tokens.refresh_token]) assert.ok(!written.includes(word));
  await hub.stop();
  await hub.start();
  const again = client();
  await again.connect(transport(`${hub.url}/mcp`, provider));
  assert.ok((await eventually('the server is back', async () => (await again.listTools()).tools)).length >= 0);
  assert.equal(provider.kept.asked.length, 1);
  await hub.api('DELETE', '/users/alice');
  await assert.rejects(again.listTools());
  await assert.rejects(client().connect(transport(`${hub.url}/mcp`, provider)), UnauthorizedError);
  await again.close();
});

test('a program that is let in is seen on the dashboard at once, and when it is taken out there its tokens and its stream end', async () => {
  const dashboard = await Dashboard.open(person, hub);
  try {
    await dashboard.logIn();
    await dashboard.go('/connect');
    const programs = dashboard.page.getByRole('region', { name: 'Programs that were let in' });
    await programs.getByText('No program was let in').waitFor();
    const provider = loopback.provider();
    const signedIn = await signIn(`${hub.url}/mcp`, provider);
    // Nobody loads the page anew.
    const takeOut = programs.getByRole('button', { name: /^Take out A program of this test, id / });
    await programs.getByText('By alice, ').waitFor();
    const said = await programs.innerText();
    for (const part of [provider.kept.client.client_id, loopback.redirectUrl, 'may use all servers that this user may use']) assert.ok(said.includes(part), `${part} is not in ${said}`);
    assert.deepEqual(await dashboard.seriousFaults(), []);
    const { access_token: access, refresh_token: refresh } = provider.kept.tokens;
    const stream = await openStream(access);

    await takeOut.focus();
    await dashboard.page.keyboard.press('Enter');
    await dashboard.page.getByRole('dialog').getByText('its open streams end at once').waitFor();
    assert.deepEqual(await dashboard.seriousFaults(), []);
    await dashboard.page.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
    await programs.getByText('No program was let in').waitFor();
    await stream.text();
    assert.equal((await say(access, {})).status, 401);
    const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: provider.kept.client.client_id, refresh_token: refresh });
    assert.equal((await (await fetch(`${hub.url}/oauth/token`, { method: 'POST', body: form })).json()).error, 'invalid_client');
    await assert.rejects(signedIn.listTools());
    assert.deepEqual(hub.settings().oauthClients, []);
    await signedIn.close();
    await dashboard.leave();
  } finally {
    await dashboard.page.close();
  }
});

test('who says no gives nothing', async () => {
  const provider = loopback.provider();
  await assert.rejects(client().connect(transport(`${hub.url}/mcp`, provider)), UnauthorizedError);
  const answer = loopback.answer();
  await person.page.goto(provider.kept.asked[0].href);
  await person.page.getByRole('button', { name: 'Deny' }).click();
  assert.equal((await answer).get('error'), 'access_denied');
  assert.equal(hub.settings().oauthTokens, undefined);
});

test('mcp-remote signs in for a client that knows nothing of it', async () => {
  const remote = new StdioClientTransport({
    command: process.execPath,
    args: [MCP_REMOTE, `${hub.url}/mcp/everything`],
    env: { PATH: '', HOME: hub.folder, MCP_REMOTE_CONFIG_DIR: join(hub.folder, 'mcp-remote') },
    stderr: 'pipe',
  });
  let said = '';
  remote.stderr.on('data', (part) => { said += part; });
  const behind = client();
  const connected = behind.connect(remote);
  connected.catch(() => {});
  const link = await eventually('mcp-remote shows its link', () => /http\S+\/oauth\/authorize\?\S+/.exec(said)?.[0]).catch((error) => { throw new Error(`${error.message}\n${said}`); });
  // It waits until nobody holds a connection to its callback any more, and a browser holds one for long.
  const visitor = await Person.arrive();
  await allow(link, visitor);
  await visitor.leave();
  await connected;
  assert.match(await textOf(behind, 'echo', { message: 'hello' }), /hello/);
  await over();
  assert.match(await textOf(behind, 'echo', { message: 'again' }), /again/);
  await behind.close();
});

// Programs that we start, which print their link and what their calls answered.
for (const [sdk, command] of [['the Python SDK', [PYTHON, PYTHON_CLIENT]], ['rmcp', [RUST_CLIENT]]]) {
  test(`a program on ${sdk} signs in, calls a tool, and renews its token`, async () => {
    const given = JSON.stringify({ url: `${hub.url}/mcp/everything`, tool: 'echo' });
    const program = spawn(command[0], [...command.slice(1), given], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const next = async () => JSON.parse((await lines.next()).value);
    await allow((await next()).link);
    assert.match((await next()).text, /hello/);
    await over();
    program.stdin.write('\n');
    const again = await next();
    assert.match(again.text ?? JSON.stringify(again), /hello/);
    program.stdin.end();
    assert.deepEqual(await once(program, 'exit'), [0, null]);
  });
}

// The access token that was given last is over, for its client too.
async function over() {
  await eventually('the last token is over', () => {
    const until = hub.settings().oauthTokens.map((token) => Date.parse(token.accessTokenExpiresAt));
    return Math.max(...until) + 1_000 < Date.now();
  });
}
