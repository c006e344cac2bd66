// The main job in one world: sign in, call, renew, start again, sign out, be forgotten. Each world (harness/worlds.mjs) makes the same
// journey; what it counts is counted by the authorization server, not by the hub.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { Person } from '../harness/browser.mjs';
import { connectClient, textOf } from '../harness/client.mjs';
import { eventually } from '../harness/eventually.mjs';
import { Hub } from '../harness/hub.mjs';

// `startWorld` starts it; `revokesAccess` is false where access tokens are JWTs that nobody can take back.
export function mainJob(name, startWorld, { revokesAccess = true } = {}) {
  let world;
  let person;
  let hub;
  before(async () => { [world, person] = await Promise.all([startWorld(), Person.arrive()]); });
  after(() => Promise.all([person?.leave(), world?.stop()]));
  beforeEach(async () => {
    await world.reset();
    hub = await Hub.start({ mcpServers: { vault: { type: 'streamable-http', url: world.url } } });
  });
  afterEach(async (context) => {
    if (context.error) process.stderr.write(`${hub?.log()}\n${world?.errors()}\n`);
    await hub?.close();
  });

  const kept = () => hub.settings().mcpServers.vault.oauth;
  const refused = async () => (await world.atAuthorizationServer()).refused;
  const granted = async () => (await world.atAuthorizationServer()).granted;

  async function signIn() {
    await hub.reaches('vault', 'oauth_required');
    await allow(await hub.authorizationUrl('vault'));
  }

  async function allow(link) {
    await person.followToConsent(link);
    await person.consent(`${hub.url}/oauth/callback`);
    await hub.reaches('vault', 'connected');
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

  async function fiftyAnswers(client) {
    const texts = Array.from({ length: 50 }, (_, index) => `call ${index}`);
    assert.deepEqual(await Promise.all(texts.map((text) => textOf(client, 'echo', { text }))), texts);
  }

  // Passes when the life that was announced is over.
  const expiry = ({ expiresAt }) => eventually('the access token has expired', () => Date.now() >= expiresAt);

  test(`${name}: a person signs in, and the tools can be called in that person's name`, async () => {
    await signIn();
    await withClient(async (client) => {
      const { tools } = await client.listTools();
      assert.deepEqual(tools.map((tool) => tool.name).sort(), ['echo', 'whoami']);
      assert.equal(await textOf(client, 'echo', { text: 'hello' }), 'hello');
      const { subject, scopes } = JSON.parse(await textOf(client, 'whoami'));
      assert.deepEqual({ subject, scopes }, { subject: 'alice', scopes: ['mcp:tools'] });
    });
    assert.deepEqual(await granted(), { authorization_code: 1 });
    assert.equal(await world.tokenRequests(), 1, 'the code was not exchanged at the first attempt');
  });

  test(`${name}: a token that expires is renewed, and the rotated pair is kept`, async () => {
    await world.accessTokenLife(2);
    await signIn();
    const first = kept();
    await world.accessTokenLife(3600);
    await expiry(first);
    assert.equal((await whoami()).subject, 'alice');
    const second = kept();
    assert.notEqual(second.accessToken, first.accessToken);
    assert.notEqual(second.refreshToken, first.refreshToken);
    assert.deepEqual([await world.isLive(first.refreshToken), await world.isLive(second.refreshToken)], [false, true]);
    assert.deepEqual(await granted(), { authorization_code: 1, refresh_token: 1 });
  });

  test(`${name}: 50 calls that meet an expired token cost one renewal, and all are answered`, async () => {
    await world.accessTokenLife(2);
    await signIn();
    await world.accessTokenLife(3600);
    await withClient(async (client) => {
      await expiry(kept());
      await fiftyAnswers(client);
    });
    assert.equal(await world.tokenRequests(), 2, 'one exchange of the code and one renewal');
  });

  test(`${name}: 50 calls whose token is refused before its time cost one renewal, and all are answered`, async () => {
    await signIn();
    await withClient(async (client) => {
      await textOf(client, 'echo', { text: 'warm' });
      await world.refuseIssued();
      await fiftyAnswers(client);
    });
    assert.equal(await world.tokenRequests(), 2, 'one exchange of the code and one renewal');
  });

  test(`${name}: a hub that was killed goes on without a sign-in, and renews what it had`, async () => {
    await signIn();
    await hub.kill('SIGKILL');
    await hub.start();
    await hub.reaches('vault', 'connected');
    const { token } = await whoami();
    await world.refuseIssued();
    assert.notEqual((await whoami()).token, token);
    assert.deepEqual(await granted(), { authorization_code: 1, refresh_token: 1 });
  });

  test(`${name}: a sign-out ends the grant at the server too`, async () => {
    await signIn();
    const { accessToken, refreshToken } = kept();
    assert.equal(await world.isLive(refreshToken), true);
    await hub.api('POST', '/servers/vault/oauth/disconnect', { scope: 'tokens' });
    await hub.reaches('vault', 'oauth_required');
    assert.equal(await world.isLive(refreshToken), false, 'the refresh token still lives');
    if (revokesAccess) assert.equal(await world.isLive(accessToken), false, 'the access token still lives');
    assert.deepEqual([kept()?.accessToken, kept()?.refreshToken], [undefined, undefined]);
    assert.deepEqual(await refused(), (await refused()).filter(({ route }) => !route?.includes('revoke')), 'a revocation was refused');
    await allow(await hub.authorizationUrl('vault'));
    assert.equal((await whoami()).subject, 'alice');
  });

  test(`${name}: a client that the server forgot is registered anew, once, and a sign-in heals it`, async () => {
    await signIn();
    const before = kept().clientId;
    await registeredLongAgo();
    await withClient((client) => textOf(client, 'echo', { text: 'warm' }));
    await world.forgetClients();
    await world.refuseIssued();
    await withClient(async (client) => {
      const call = textOf(client, 'whoami');
      await hub.reaches('vault', 'oauth_required');
      await allow(await hub.authorizationUrl('vault'));
      assert.equal(JSON.parse(await call).subject, 'alice', 'the call that waited');
    });
    assert.notEqual(kept().clientId, before);
    assert.equal((await whoami()).subject, 'alice');
    assert.equal(await registrations(), 2, 'one registration at first, one after the client was forgotten');
  });

  // A hub registers at most once in ten minutes: what it did a moment ago becomes what it did yesterday.
  async function registeredLongAgo() {
    await hub.stop();
    const settings = hub.settings();
    settings.mcpServers.vault.oauth.registration.at -= 86_400_000;
    writeFileSync(hub.settingsPath, JSON.stringify(settings));
    await hub.start();
    await hub.reaches('vault', 'connected');
  }

  async function registrations() {
    const { requests } = await world.atAuthorizationServer();
    return requests['POST /reg'] ?? requests['POST /register'];
  }
}
