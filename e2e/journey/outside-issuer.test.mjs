// A program that we did not write signs in at a login server that we did not write, because the hub's 401 leads there; the hub takes the JWT that it gave, and knows who came.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { UnauthorizedError } from '@modelcontextprotocol/sdk/client/auth.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Person } from '../harness/browser.mjs';
import { textOf } from '../harness/client.mjs';
import { ask, startCounterpart } from '../harness/counterpart.mjs';
import { Hub } from '../harness/hub.mjs';
import { Loopback } from '../harness/loopback.mjs';

const EVERYTHING = fileURLToPath(new URL('../node_modules/@modelcontextprotocol/server-everything/dist/index.js', import.meta.url));
// The hub names no scope of another's; the program knows what it wants there.
const SCOPE = 'mcp:tools';

let person;
let authority;
let hub;
let loopback;
before(async () => {
  person = await Person.arrive();
  authority = await startCounterpart('authorization-server', { scopes: [SCOPE] });
  const everything = (sharing) => ({ command: process.execPath, args: [EVERYTHING, 'stdio'], ...sharing });
  hub = await Hub.start({
    mcpServers: { public: everything({ visibility: 'public' }), private: everything({ owner: 'somebody' }) },
    systemConfig: {
      auth: { forwardAuth: { enabled: true, jwks: { uri: `${authority.issuer}/jwks`, issuer: authority.issuer, audience: [] } } },
    },
  });
  // The hub has a port now, and so an address that tokens can be for.
  const resource = `${hub.url}/mcp`;
  await hub.api('PUT', '/system-config', { auth: { forwardAuth: { jwks: { audience: [resource] } } } });
  await ask(`${authority.control}/resources`, { url: resource, scopes: SCOPE });
  await hub.reaches('public', 'connected');
  loopback = await Loopback.open();
});
after(async () => {
  loopback?.close();
  await hub?.close();
  await authority?.stop();
  await person?.leave();
});

test('a program on the TypeScript SDK signs in at the login server of the house, and the hub knows who came', async () => {
  const url = new URL(`${hub.url}/mcp`);
  const provider = loopback.provider();
  provider.clientMetadata.scope = SCOPE;
  const transport = () => new StreamableHTTPClientTransport(url, { authProvider: provider });
  const client = () => new Client({ name: 'e2e', version: '1.0.0' });
  const first = transport();
  await assert.rejects(client().connect(first), UnauthorizedError);
  const link = provider.kept.asked.at(-1).href;
  assert.ok(link.startsWith(`${authority.issuer}/auth?`), link);
  const answer = loopback.answer();
  await person.followToConsent(link);
  await person.consent(provider.redirectUrl);
  await first.finishAuth((await answer).get('code'));
  const signedIn = client();
  await signedIn.connect(transport());
  const { tools } = await signedIn.listTools();
  assert.ok(tools.length > 0 && tools.every(({ name }) => name.startsWith('public-')), JSON.stringify(tools.map(({ name }) => name)));
  assert.match(await textOf(signedIn, 'public-echo', { message: 'hello' }), /hello/);
  const [user] = hub.settings().users.filter(({ username }) => username === 'alice');
  assert.match(user.ssoUserId, /^forward-auth:[0-9a-f]{64}$/);
  assert.deepEqual([user.isAdmin, user.password], [false, undefined]);
  const { access_token: token } = provider.kept.tokens;
  const status = async (path) => (await fetch(`${hub.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  assert.equal(await status('/api/servers'), 401, 'the token is for /mcp');
  await signedIn.close();
});
