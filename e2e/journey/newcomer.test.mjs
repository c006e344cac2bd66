// What a person has to do, counted: four actions for a newcomer, two for somebody who comes from MCPHub. One action is one command line or
// one consent; the scripts do nothing else, so a step that wants more fails.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Person } from '../harness/browser.mjs';
import { connectClient, textOf } from '../harness/client.mjs';
import { Newcomer } from '../harness/newcomer.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let person;
let world;
let newcomer;
before(async () => {
  [world, person] = await Promise.all([startProtectedWorld({ refreshTokens: 'always' }), Person.arrive()]);
  await logInWhereTheyWork();
});
after(() => Promise.all([person?.leave(), world?.stop()]));
beforeEach(async () => {
  await world.reset();
  newcomer = await Newcomer.arrive(person);
});
afterEach(() => newcomer.leave());

// The person has used the login server before, for something else: its session is in the browser.
async function logInWhereTheyWork() {
  const elsewhere = 'http://localhost:9/elsewhere';
  const client = await (await fetch(`${world.issuer}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ redirect_uris: [elsewhere], token_endpoint_auth_method: 'none', application_type: 'native' }),
  })).json();
  const query = { client_id: client.client_id, response_type: 'code', scope: 'openid', redirect_uri: elsewhere, code_challenge: 'x'.repeat(43), code_challenge_method: 'S256' };
  await person.followToConsent(`${world.issuer}/auth?${new URLSearchParams(query)}`);
  await person.consentInVain(elsewhere);
}

// A client that knows what its configuration says, and nothing else.
async function answerTo({ url, headers = {} }) {
  const client = await connectClient(url, { headers });
  try {
    const { tools } = await client.listTools();
    const { name } = tools.find((tool) => tool.name.endsWith('echo'));
    return await textOf(client, name, { text: 'hello' });
  } finally {
    await client.close();
  }
}

test('from a fresh clone to a tool call on a protected server takes four actions', async () => {
  mkdirSync(join(newcomer.home, '.cursor')); // they have Cursor
  // `make run`, which README names, builds this binary, puts it where commands are found, and starts it.
  const hub = newcomer.types('mcphub');
  await hub.shows('mcphub add');

  const add = newcomer.types('mcphub', 'add', world.url);
  await newcomer.consents();
  assert.equal(await add.ended, 0, add.said);
  for (const stage of ['saved as', 'checking', 'sign-in        protected resource', 'login server', 'client         registered', 'scopes', 'Opening the browser', 'signed in', 'connected']) assert.ok(add.said.includes(stage), `${stage} in:\n${add.said}`);
  assert.match(add.said, /tools +2\r?\n/);

  const connect = newcomer.types('mcphub', 'connect', 'cursor', '--yes');
  assert.equal(await connect.ended, 0, connect.said);

  const { mcpServers } = JSON.parse(readFileSync(join(newcomer.home, '.cursor/mcp.json'), 'utf8'));
  assert.equal(await answerTo(mcpServers.mcphub), 'hello');
  assert.equal(newcomer.actions.length, 4, newcomer.actions.join('\n'));
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
});

const KEY = `mcphub_${'5f3a'.repeat(16)}`;

// As MCPHub writes it after a while of use; nobody has signed in so far.
const oldSettings = (url) => `${JSON.stringify({
  mcpServers: {
    vault: { type: 'sse', url, owner: 'admin', visibility: 'private', createdAt: '2025-11-03T09:12:44.120Z', options: { timeout: 60000 }, tools: { 'vault-whoami': { enabled: false } } },
    fetch: { command: 'uvx', args: ['mcp-server-fetch'], enabled: false, owner: 'admin' },
  },
  users: [{ username: 'admin', password: '$2b$10$Q8RkS1o0m7l3e5p9dYc8nOQm6O8c1b1n9JvB1qS8m3yA0z0V6k1aG', isAdmin: true, email: null }],
  groups: [{ id: '0b5c7f0e-6a5b-4b0e-9a59-1d1f4c1d2e3f', name: 'daily', description: 'for every day', servers: [{ name: 'vault', tools: 'all' }], owner: 'admin' }],
  systemConfig: {
    routing: { enableGlobalRoute: true, enableGroupNameRoute: true, enableBearerAuth: true, bearerAuthKey: '', skipAuth: false },
    install: { pythonIndexUrl: '', npmRegistry: '', baseUrl: '' },
    smartRouting: { enabled: false, dbUrl: '', openaiApiKey: '' },
    mcpRouter: { apiKey: '', referer: 'https://www.mcphubx.com', title: 'MCPHub', baseUrl: 'https://api.mcprouter.to/v1' },
    nameSeparator: '-',
    oauthServer: { enabled: true, accessTokenLifetime: 3600, refreshTokenLifetime: 1209600, allowedScopes: ['read', 'write'] },
  },
  bearerKeys: [{ id: '4d0c', name: 'laptop', token: KEY, enabled: true, kind: 'system', accessType: 'groups', allowedGroups: ['daily'] }],
  oauthClients: [],
  oauthTokens: [],
  prompts: [],
  somethingNewer: { kept: true },
}, null, 2)}\n`;

test('whoever comes from MCPHub takes two actions: start on the old file, consent; clients go on with the address and the key that they have', async () => {
  const file = join(newcomer.home, 'mcp_settings.json');
  const old = oldSettings(world.url);
  writeFileSync(file, old);
  const client = { url: `${newcomer.url}/mcp/daily`, headers: { Authorization: `Bearer ${KEY}` } };

  const hub = newcomer.types('mcphub', '--settings', file);
  await hub.shows('vault wants a sign-in');
  // The client knows the tools from before, and does not wait for anybody.
  const early = await connectClient(client.url, client);
  const call = textOf(early, 'vault-echo', { text: 'early' });
  await newcomer.consents();
  await hub.shows('vault is signed in');

  assert.equal(await call, 'early');
  await early.close();
  assert.equal(await answerTo(client), 'hello');
  assert.equal(newcomer.actions.length, 2, newcomer.actions.join('\n'));
  assert.equal((await fetch(client.url, { method: 'POST' })).status, 401, 'the key is not asked for any more');

  const settings = JSON.parse(readFileSync(file, 'utf8'));
  assert.ok(settings.mcpServers.vault.oauth.refreshToken, 'the sign-in is not kept');
  delete settings.mcpServers.vault.oauth;
  assert.equal(`${JSON.stringify(settings, null, 2)}\n`, old, 'more of the file changed than the sign-in');
});

test('of two servers that want a sign-in at the start, the second one has its turn when the first one is through', async () => {
  const file = join(newcomer.home, 'mcp_settings.json');
  writeFileSync(file, JSON.stringify({ mcpServers: { first: { url: world.url }, second: { url: world.url } } }));
  const hub = newcomer.types('mcphub', '--settings', file);
  await hub.shows('wants a sign-in too; it is next');
  await newcomer.consents();
  await newcomer.consents();
  await Promise.all([hub.shows('first is signed in'), hub.shows('second is signed in')]);
});

// As GitHub is.
test('a login server that registers nobody is given the client that the person made in its console, and the sign-in goes on by itself', async () => {
  const callback = `${newcomer.url}/oauth/callback`;
  const byHand = { client_id: 'made-by-hand', client_secret: 'hush-hush-hush', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'] };
  const github = await startProtectedWorld({ refreshTokens: 'always', registration: false, clients: [byHand] });
  try {
    newcomer.environment.GITHUB_OAUTH_APP_ID = byHand.client_id;
    await newcomer.types('mcphub').shows('mcphub add');
    const add = newcomer.types('mcphub', 'add', github.url, '--name', 'github');
    await add.shows(`with this callback address:\r\n\r\n${callback}\r\n`);
    await add.shows('client id, or a variable');
    add.enters('${GITHUB_OAUTH_APP_ID}');
    await add.shows('is not shown');
    add.enters(byHand.client_secret);
    await newcomer.consents({ logsIn: true });
    assert.equal(await add.ended, 0, add.said);
    assert.match(add.said, /tools +2/);
    assert.equal(add.said.includes('hush'), false, 'the secret stands on the screen');
    const { clientId, clientSecret, refreshToken } = JSON.parse(readFileSync(join(newcomer.home, 'mcp_settings.json'), 'utf8')).mcpServers.github.oauth;
    assert.deepEqual([clientId, clientSecret], ['${GITHUB_OAUTH_APP_ID}', byHand.client_secret]);
    assert.ok(refreshToken);
  } finally {
    await github.stop();
  }
});

test('with --no-browser the link is shown and nothing is opened', async () => {
  await newcomer.types('mcphub').shows('mcphub add');
  const add = newcomer.types('mcphub', 'add', world.url, '--no-browser');
  await add.shows('Open this in a browser');
  await add.shows('Paste its address here.');
  assert.ok(newcomer.noPageWasOpened());
});

test('README names the one command that builds the binary, installs it and starts the hub', () => {
  assert.match(readFileSync(join(ROOT, 'README.md'), 'utf8'), /^make run /m);
  const does = execFileSync('make', ['--dry-run', 'run'], { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH } });
  assert.match(does, /cargo install .*--path crates\/cli\n.*\/bin\/mcphub" serve/);
});
