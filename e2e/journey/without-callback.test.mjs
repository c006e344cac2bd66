// Ways to a token that need no callback, at `oidc-provider`: clients that stand for themselves with a secret or a key, and a code that a
// person confirms in a browser. No address of the hub is ever called by the login server or the browser.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import { Person } from '../harness/browser.mjs';
import { connectClient, textOf } from '../harness/client.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';
import { Hub } from '../harness/hub.mjs';

const ROBOT = { grant_types: ['client_credentials'], response_types: [], redirect_uris: [] };

let world;
let key;
let hub;
before(async () => {
  key = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(key.publicKey)), alg: 'ES256', use: 'sig' }] };
  const clients = [
    { ...ROBOT, client_id: 'robot', client_secret: 'a secret: with/odd+signs', token_endpoint_auth_method: 'client_secret_basic' },
    { ...ROBOT, client_id: 'signer', jwks, token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256' },
  ];
  world = await startProtectedWorld({ refreshTokens: 'always', clients });
});
after(() => world?.stop());
afterEach(async (context) => {
  if (context.error) process.stderr.write(`${hub?.log()}\n${world?.errors()}\n`);
  await hub?.close();
});

async function startHub(oauth) {
  await world.reset();
  hub = await Hub.start({ mcpServers: { vault: { type: 'streamable-http', url: world.url, oauth } } });
}

async function whoami() {
  const client = await connectClient(`${hub.url}/mcp/vault`);
  try {
    return JSON.parse(await textOf(client, 'whoami'));
  } finally {
    await client.close();
  }
}

// A token is minted at the first need, and kept over a restart.
async function robotJourney(clientId) {
  await hub.reaches('vault', 'connected');
  const first = await whoami();
  assert.equal(first.subject, clientId);
  assert.deepEqual(first.scopes, ['mcp:tools']);
  await hub.stop();
  await hub.start();
  await hub.reaches('vault', 'connected');
  assert.equal((await whoami()).token, first.token);
  const { granted, refused, requests } = await world.atAuthorizationServer();
  assert.deepEqual(granted, { client_credentials: 1 });
  assert.deepEqual(refused, []);
  assert.deepEqual([requests['GET /auth'], requests['POST /reg']], [undefined, undefined], 'nobody is sent away, and nobody is registered');
  assert.equal(hub.settings().mcpServers.vault.oauth.refreshToken, undefined);
}

test('a robot with a secret has its token without a person', async () => {
  await startHub({ grantType: 'client_credentials', clientId: 'robot', clientSecret: 'a secret: with/odd+signs', issuer: world.issuer });
  await robotJourney('robot');
});

test('a robot with a key has its token without a person, and shows no secret', async () => {
  await startHub({ grantType: 'client_credentials', clientId: 'signer', privateKey: await exportPKCS8(key.privateKey), issuer: world.issuer });
  await robotJourney('signer');
});

test('a person confirms a code in any browser, and the hub goes on by itself', async () => {
  const person = await Person.arrive();
  try {
    await startHub({ grantType: 'device_code' });
    await hub.reaches('vault', 'oauth_required');
    const shown = await hub.api('POST', '/servers/vault/oauth/authorize');
    assert.match(shown.userCode, /^[A-Z0-9-]{6,12}$/);
    assert.ok(shown.verificationUri.startsWith(world.issuer), shown.verificationUri);
    await person.confirmCode(shown.authorizationUrl);
    await hub.reaches('vault', 'connected');
    assert.equal((await whoami()).subject, 'alice');
    const { token } = await whoami();
    await world.refuseIssued();
    assert.notEqual((await whoami()).token, token, 'it is renewed like any other');
    const { granted } = await world.atAuthorizationServer();
    assert.deepEqual(granted, { 'urn:ietf:params:oauth:grant-type:device_code': 1, refresh_token: 1 });
  } finally {
    await person.leave();
  }
});
