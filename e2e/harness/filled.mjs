// A hub with something of everything that the dashboard shows: servers in most states, a group, a key, a user, and calls.

import { connectClient } from './client.mjs';
import { startCounterpart } from './counterpart.mjs';
import { eventually } from './eventually.mjs';
import { Hub } from './hub.mjs';
import { startPractice } from './practice.mjs';

const http = (url) => ({ type: 'streamable-http', url });

// `tools`: how many more the shop has; `crowd`: how many more servers there are, with ten tools each.
export async function startFilled({ tools = 3, crowd = 0 } = {}) {
  const [practice, refusing, everything, catalogue, small] = await Promise.all([
    startPractice(),
    startPractice('registration=absent'),
    startCounterpart('everything-server'),
    startCounterpart('catalogue', { tools }),
    startCounterpart('catalogue', { tools: 9 }),
  ]);
  const teams = Array.from({ length: crowd }, (_, place) => [`team-${String(place).padStart(3, '0')}`, http(small.url)]);
  const hub = await Hub.start({
    mcpServers: {
      lab: http(practice.url),
      console: http(refusing.url),
      everything: http(everything.url),
      shop: http(catalogue.url),
      gone: http('http://127.0.0.1:9/mcp'),
      misspelt: { ...http(small.url), enabled: 'perhaps' },
      memory: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'], enabled: false },
      ...Object.fromEntries(teams),
    },
    ...letIn(),
  });
  await Promise.all([hub.reaches('lab', 'oauth_required'), hub.reaches('console', 'needs_client'), hub.reaches('shop', 'connected'), hub.reaches('everything', 'connected'), hub.reaches('gone', 'disconnected')]);
  await eventually('no server is on its way any more', async () => {
    const ways = (await hub.api('GET', '/servers')).filter(({ status }) => status === 'connecting');
    if (ways.length > 0) throw new Error(`${ways.map(({ name }) => name)} are`);
    return true;
  });
  await hub.api('POST', '/groups', { name: 'sales', description: 'What the shop needs', servers: ['shop', 'everything'] });
  const key = await hub.api('POST', '/auth/keys', { name: 'Cursor at work', accessType: 'all' });
  await hub.api('POST', '/auth/keys', { name: 'The shop', accessType: 'groups', allowedGroups: ['sales'] });
  await hub.api('POST', '/users', { username: 'ada', password: 'long enough for it', isAdmin: false });
  await call(hub, key.token);
  const close = async () => {
    await hub.close();
    await Promise.all([practice, refusing, everything, catalogue, small].map((program) => program.stop()));
  };
  return { hub, practice, close };
}

// Programs that signed in to the hub: one for what it serves, one for its settings too, and one that is known by its document.
function letIn() {
  const registered = { grants: ['authorization_code', 'refresh_token'], clientIdIssuedAt: 1_795_000_000 };
  const token = (accessToken, clientId, resource, agreedAt) => ({ accessToken, clientId, resource, agreedAt, accessTokenExpiresAt: '2099-01-01T00:00:00.000Z', scope: 'read write', username: 'admin', family: accessToken });
  return {
    systemConfig: { oauthServer: { clientIdMetadata: { enabled: true } } },
    oauthClients: [
      { clientId: 'k7Q4mXb2v9tLwYcRzN3sPf', name: 'Claude Code', redirectUris: ['http://127.0.0.1:52114/callback', 'http://localhost:52114/callback'], ...registered },
      { clientId: 'a1B2c3D4e5F6g7H8i9J0kL', name: 'Settings from a script', redirectUris: ['https://automation.example.com/oauth/hub/callback'], ...registered },
      { clientId: 'old-robot', name: 'Robot of last year', redirectUris: ['com.example.robot:/callback'] },
    ],
    oauthTokens: [
      token('one', 'k7Q4mXb2v9tLwYcRzN3sPf', '/mcp', '2026-11-20T09:12:00.000Z'),
      token('two', 'k7Q4mXb2v9tLwYcRzN3sPf', '/mcp/sales', '2026-11-24T17:40:00.000Z'),
      token('three', 'a1B2c3D4e5F6g7H8i9J0kL', '/api', '2026-11-26T08:00:00.000Z'),
      token('four', 'https://chat.example.com/oauth/client.json', '/mcp', '2026-11-27T20:31:00.000Z'),
    ],
  };
}

// More calls than a page has: most are answered, one is not, one misses a sign-in, and one is given up.
async function call(hub, token) {
  const client = await connectClient(`${hub.url}/mcp/sales`, { headers: { authorization: `Bearer ${token}` } });
  for (let number = 0; number < 52; number += 1) await client.callTool({ name: `shop-read_record_000${number % 3}`, arguments: {} });
  await client.callTool({ name: 'shop-place_order', arguments: { customer: { name: 'Ada', address: { city: 'London' } }, lines: [] } });
  await client.callTool({ name: 'everything-test_error_handling', arguments: {} });
  await client.close();
  // Nobody is signed in there.
  await hub.api('POST', '/tools/call/lab', { toolName: 'echo', arguments: { text: 'hello' } }).catch(() => {});
}

// Every page: those to which the menu leads, and each part of a server.
export const PAGES = {
  home: '/',
  servers: '/servers',
  add: '/servers/add',
  'server-sign-in': '/server?name=lab&tab=signIn',
  'server-client': '/server?name=console',
  'server-gone': '/server?name=gone',
  'server-tools': '/server?name=shop&tab=tools&item=shop-place_order',
  'server-prompts': '/server?name=everything&tab=prompts',
  'server-resources': '/server?name=everything&tab=resources',
  'server-no-prompts': '/server?name=shop&tab=prompts',
  'server-settings': '/server?name=shop&tab=settings',
  connect: '/connect',
  groups: '/groups',
  keys: '/keys',
  journal: '/journal',
  activity: '/activity',
  'activity-none': '/activity?q=nothing+of+that+name',
  logs: '/logs',
  users: '/users',
  settings: '/settings',
  doctor: '/doctor',
  'doctor-lab': '/doctor?server=lab',
  'doctor-gone': '/doctor?server=gone',
  missing: '/there-is-no-such-page',
};
