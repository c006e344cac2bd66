// Worlds to sign in to: an authorization server and an MCP server that wants its tokens, in one program or two, none of it ours. All are
// asked and told the same things, so that one journey can be made in each.

import { ask, startCounterpart } from './counterpart.mjs';

const SCOPE = 'mcp:tools';

// `authority` and `server` are the programs behind it (the same one twice, where one is both).
function world(authority, server) {
  const controls = [...new Set([authority.control, server.control])];
  const atAuthorizationServer = () => ask(`${authority.control}/counts`);
  return {
    issuer: authority.issuer,
    url: server.url,
    atAuthorizationServer,
    atServer: () => ask(`${server.control}/counts`),
    tokenRequests: async () => (await atAuthorizationServer()).requests['POST /token'] ?? 0,
    accessTokenLife: (seconds) => ask(`${authority.control}/access-token-life`, { seconds }),
    isLive: async (token) => (await ask(`${authority.control}/live`, { token })).live,
    forgetClients: () => ask(`${authority.control}/forget-clients`, {}),
    refuseIssued: () => ask(`${server.control}/refuse-issued`, {}),
    // Counts begin again, and tokens live for an hour.
    reset: async () => {
      for (const control of controls) await ask(`${control}/reset`, {});
      await ask(`${authority.control}/access-token-life`, { seconds: 3600 });
    },
    errors: () => [authority, server].map((program) => program.errors()).join('\n'),
    stop: () => Promise.all([authority.stop(), server.stop()]),
  };
}

// `oidc-provider`, and a server on the TypeScript SDK that verifies its JWTs.
export async function startProtectedWorld({ scope = SCOPE, ...options } = {}) {
  const authority = await startCounterpart('authorization-server', { scopes: [scope], ...options });
  const server = await startCounterpart('protected-server', { issuer: authority.issuer, scope });
  await ask(`${authority.control}/resources`, { url: server.url, scopes: scope });
  return world(authority, server);
}

// django-oauth-toolkit, and a server on the Python SDK that asks it about each token.
export async function startDjangoWorld() {
  const authority = await startCounterpart('django_authority.py', { scope: SCOPE });
  const { issuer, introspection, secret } = authority;
  const server = await startCounterpart('vault.py', { scope: SCOPE, issuer, introspection, secret });
  return world(authority, server);
}

// The TypeScript SDK as authorization server and MCP server in one.
export async function startTypeScriptWorld() {
  const both = await startCounterpart('sdk-authority', { scope: SCOPE });
  return world(both, both);
}

// The Python SDK as authorization server and MCP server in one.
export async function startPythonWorld() {
  const both = await startCounterpart('vault.py', { scope: SCOPE });
  return world(both, both);
}
