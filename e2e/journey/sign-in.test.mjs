// The main job against an authorization server, an MCP server, a browser and a client that we did not write: `oidc-provider`, the
// official TypeScript SDK on both sides, Chromium.

import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { connectClient, textOf } from '../harness/client.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';
import { Hub } from '../harness/hub.mjs';

let person;
let world;
let hub;
before(async () => { person = await Person.arrive(); });
after(() => person?.leave());
beforeEach(async () => {
  world = await startProtectedWorld();
  hub = await Hub.start({ systemConfig: { waitForSignIn: 0 }, mcpServers: { vault: { type: 'streamable-http', url: world.url } } });
});
afterEach(async () => {
  await hub?.close();
  await world?.stop();
});

async function signIn() {
  await hub.reaches('vault', 'oauth_required');
  await person.followToConsent(await hub.authorizationUrl('vault'));
  const page = await person.consent(`${hub.url}/oauth/callback`);
  return { text: await page.locator('body').innerText(), page };
}

async function withClient(use) {
  const client = await connectClient(`${hub.url}/mcp/vault`);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const whoami = () => withClient(async (client) => JSON.parse(await textOf(client, 'whoami')));

test('a person signs in with the browser, and the tools of the server can be called', async () => {
  const { text, page } = await signIn();
  assert.match(text, /vault/, 'the callback page does not name the server');
  assert.equal(page.url().startsWith(`${hub.url}/oauth/callback`), true);
  const server = await hub.reaches('vault', 'connected');
  assert.equal(server.oauth?.authorizationUrl, undefined, 'a link is still shown to a person who has signed in');

  await withClient(async (client) => {
    const { tools } = await client.listTools();
    assert.deepEqual(tools.map(({ name }) => name).sort(), ['echo', 'whoami']);
    assert.equal(await textOf(client, 'echo', { text: 'hello' }), 'hello');
    assert.equal(JSON.parse(await textOf(client, 'whoami')).subject, 'alice');
  });

  const { refused, granted } = await world.atAuthorizationServer();
  assert.deepEqual(refused, []);
  assert.deepEqual(granted, { authorization_code: 1 });
});

test('the tokens are in the settings file, which only its owner can read', async () => {
  await signIn();
  await hub.reaches('vault', 'connected');
  const { oauth } = hub.settings().mcpServers.vault;
  assert.equal(oauth.accessToken.split('.').length, 3, 'the access token is not the JWT that was given');
  assert.ok(oauth.refreshToken);
  assert.ok(oauth.clientId);
  assert.equal(hub.settingsMode(), 0o600);
  assert.equal(oauth.pendingAuthorization, undefined, 'the verifier of a finished sign-in is still in the file');

  const shown = JSON.stringify(await hub.server('vault'));
  for (const secret of [oauth.accessToken, oauth.refreshToken, oauth.clientSecret].filter(Boolean)) {
    assert.equal(shown.includes(secret), false, 'the API shows a secret');
    assert.equal(hub.log().includes(secret), false, 'the log shows a secret');
  }
});

test('after a restart of the hub a call works without a sign-in', async () => {
  await signIn();
  await hub.reaches('vault', 'connected');
  await hub.stop();
  await hub.start();
  await hub.reaches('vault', 'connected');
  assert.equal((await whoami()).subject, 'alice');
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
});

test('an expired access token is renewed, and the rotated refresh token is kept for the next time', async () => {
  await world.accessTokenLife(2);
  await signIn();
  await hub.reaches('vault', 'connected');
  const first = hub.settings().mcpServers.vault.oauth;
  await world.accessTokenLife(3600);
  await expiry(first.accessToken);
  assert.equal((await whoami()).subject, 'alice');
  const second = hub.settings().mcpServers.vault.oauth;
  assert.notEqual(second.accessToken, first.accessToken);
  assert.notEqual(second.refreshToken, first.refreshToken);

  await world.refuseIssued();
  assert.equal((await whoami()).subject, 'alice');
  const third = hub.settings().mcpServers.vault.oauth;
  assert.notEqual(third.refreshToken, second.refreshToken);
  const { granted, refused } = await world.atAuthorizationServer();
  assert.deepEqual(granted, { authorization_code: 1, refresh_token: 2 });
  assert.deepEqual(refused, []);
});

// The second in which the token's own expiry has passed.
async function expiry(jwt) {
  const { exp } = JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url'));
  await new Promise((resolve) => { setTimeout(resolve, Math.max(0, exp * 1000 - Date.now())); });
}

test('50 calls that meet an expired token cost one renewal, and all are answered', async () => {
  await world.accessTokenLife(2);
  await signIn();
  await hub.reaches('vault', 'connected');
  await world.accessTokenLife(3600);
  await withClient(async (client) => {
    await expiry(hub.settings().mcpServers.vault.oauth.accessToken);
    await fiftyAnswers(client);
  });
  assert.equal(await world.tokenRequests(), 2, 'one exchange of the code and one renewal');
  assert.deepEqual((await world.atAuthorizationServer()).refused, []);
});

test('50 calls whose token is refused although its time is not over cost one renewal', async () => {
  await signIn();
  await hub.reaches('vault', 'connected');
  await withClient(async (client) => {
    await textOf(client, 'echo', { text: 'warm' });
    await world.refuseIssued();
    await fiftyAnswers(client);
  });
  assert.equal(await world.tokenRequests(), 2, 'one exchange of the code and one renewal');
  assert.deepEqual((await world.atAuthorizationServer()).refused, []);
});

async function fiftyAnswers(client) {
  const texts = Array.from({ length: 50 }, (_, index) => `call ${index}`);
  assert.deepEqual(await Promise.all(texts.map((text) => textOf(client, 'echo', { text }))), texts);
}

test('the hub is killed between redirect and callback, and the sign-in still succeeds', async () => {
  await hub.reaches('vault', 'oauth_required');
  const callback = `${hub.url}/oauth/callback`;
  await person.followToConsent(await hub.authorizationUrl('vault'));
  await hub.kill('SIGKILL');
  const address = await person.consentInVain(callback);
  await hub.start();

  await person.page.goto(address);
  assert.match(await person.page.locator('body').innerText(), /vault/);
  await hub.reaches('vault', 'connected');
  assert.equal((await whoami()).subject, 'alice');

  const again = await person.page.goto(address);
  assert.equal(again.status() >= 400, true, 'the same callback was accepted twice');
  assert.deepEqual((await world.atAuthorizationServer()).granted, { authorization_code: 1 });
});

test('a call that misses its sign-in answers with the reason and the link, and the log does not hold the link', async () => {
  await signIn();
  await hub.reaches('vault', 'connected');
  const client = await connectClient(`${hub.url}/mcp/vault`);
  await hub.api('POST', '/servers/vault/oauth/disconnect', { scope: 'tokens' });
  const { isError, content } = await client.callTool({ name: 'echo', arguments: { text: 'x' } });
  assert.equal(isError, true);
  const link = new RegExp(`${hub.url}/c/\\w+`).exec(content[0].text)?.[0];
  assert.ok(link, `no link in: ${content[0].text}`);
  const { searchParams } = new URL(await hub.authorizationUrl('vault'));
  const log = hub.log();
  assert.equal(log.includes(searchParams.get('state')) || log.includes(link.split('/').pop()), false, 'the log holds the state or the link');

  await person.confirm(link);
  await person.consent(`${hub.url}/oauth/callback`);
  await hub.reaches('vault', 'connected');
  assert.equal(await textOf(client, 'echo', { text: 'again' }), 'again');
  await client.close();
});

test('a callback that nobody asked for is refused, and costs nothing', async () => {
  await hub.reaches('vault', 'oauth_required');
  const answer = await fetch(`${hub.url}/oauth/callback?code=stolen&state=foreign`);
  assert.equal(answer.status >= 400 && answer.status < 500, true);
  assert.equal(await world.tokenRequests(), 0);
  const { text } = await signIn();
  assert.match(text, /vault/);
  await hub.reaches('vault', 'connected');
});
