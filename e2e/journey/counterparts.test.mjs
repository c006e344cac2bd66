// The counterparts themselves, with the official SDK's client in the hub's place: a journey that fails here is not the hub's fault,
// and one that the counterparts would let through without a valid token proves nothing.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Person } from '../harness/browser.mjs';
import { textOf } from '../harness/client.mjs';
import { startProtectedWorld } from '../harness/worlds.mjs';

const CALLBACK = 'http://localhost:65000/oauth/callback';

// What the SDK's client keeps for itself.
function memory() {
  return {
    redirectUrl: CALLBACK,
    clientMetadata: { client_name: 'e2e', redirect_uris: [CALLBACK], application_type: 'native', grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none', },
    clientInformation() { return this.client; },
    saveClientInformation(client) { this.client = client; },
    tokens() { return this.kept; },
    saveTokens(tokens) { this.kept = tokens; },
    redirectToAuthorization(url) { this.link = url; },
    saveCodeVerifier(verifier) { this.verifier = verifier; },
    codeVerifier() { return this.verifier; },
  };
}

let world;
let person;
before(async () => { [world, person] = await Promise.all([startProtectedWorld({ refreshTokens: 'always' }), Person.arrive()]); });
after(() => Promise.all([world?.stop(), person?.leave()]));

test('a correct client signs in, calls, and renews with rotation', async () => {
  const authProvider = memory();
  const connect = async () => {
    const client = new Client({ name: 'e2e', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL(world.url), { authProvider });
    await client.connect(transport).catch((error) => { throw Object.assign(error, { transport }); });
    return client;
  };
  const refusal = await connect().catch((error) => error);
  assert.ok(refusal instanceof UnauthorizedError, String(refusal));
  await person.followToConsent(authProvider.link.href);
  const returned = new URL(await person.consentInVain(CALLBACK));
  await refusal.transport.finishAuth(returned.searchParams.get('code'));
  const client = await connect();
  const first = JSON.parse(await textOf(client, 'whoami'));
  assert.equal(first.subject, 'alice');
  const before = authProvider.kept.refresh_token;
  assert.ok(before, 'no refresh token was given');

  await world.refuseIssued();
  const second = JSON.parse(await textOf(client, 'whoami'));
  assert.notEqual(second.token, first.token);
  assert.notEqual(authProvider.kept.refresh_token, before);
  await client.close();
});

test('a token for another audience, or of another issuer, is turned away', async () => {
  const { generateKeyPair, SignJWT } = await import('jose');
  const { privateKey } = await generateKeyPair('ES256');
  const forged = await new SignJWT({ scope: 'mcp:tools', client_id: 'x' }).setProtectedHeader({ alg: 'ES256', kid: 'e2e', typ: 'at+jwt' })
    .setIssuer(world.issuer).setAudience(world.url).setExpirationTime('1h').sign(privateKey);
  const answer = await fetch(world.url, { method: 'POST', headers: { authorization: `Bearer ${forged}`, 'content-type': 'application/json' }, body: '{}' });
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate'), /resource_metadata="http:\/\/localhost:\d+\/\.well-known\/oauth-protected-resource\/mcp"/);
});
