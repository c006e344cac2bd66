// An authorization server that we did not write: `oidc-provider`, with dynamic registration (RFC 7591), resource indicators
// (RFC 8707, JWT access tokens for the resource asked for), PKCE demanded of everyone, rotation of refresh tokens with reuse
// detection, revocation, and its own login and consent pages.
//
// Arguments (one JSON object): { accessTokenLife: seconds, refreshTokens: "offline_access" | "always", scopes: ["mcp:tools", ...],
//   clients: [clients that somebody registered by hand], registration: false where there is no other way }
// Prints {"issuer", "control"}. Control (a second port, so that the counts hold nothing but what the hub and the browser did):
//   GET  /counts              requests by route, grants given and refused by grant type
//   POST /access-token-life   {"seconds": n}: life of the access tokens given from now on
//   POST /resources           {"url": "...", "scopes": "..."}: a resource that tokens may be asked for
//   POST /forget-clients      every registered client is gone
//   POST /live                {"token": t} -> {"live": bool}, for a refresh token
//   POST /reset               counts begin again

import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { errors } from 'oidc-provider';
import { control, listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

const options = { accessTokenLife: 3600, refreshTokens: 'offline_access', scopes: ['mcp:tools'], clients: [], registration: true, ...JSON.parse(process.argv[2] ?? '{}') };
const resources = new Map();
const clients = new Set();
let counts;
reset();

function reset() {
  counts = { requests: {}, granted: {}, refused: [], revoked: 0 };
}

function count(table, key) {
  table[key] = (table[key] ?? 0) + 1;
}

async function signingKey() {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'e2e' };
}

async function configuration() {
  return {
    jwks: { keys: [await signingKey()] },
    cookies: { keys: ['loopback only'] },
    scopes: ['openid', 'offline_access', ...options.scopes],
    clients: options.clients,
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      registration: { enabled: options.registration },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, indicator) {
          const resource = resources.get(indicator);
          if (!resource) throw new errors.InvalidTarget();
          return {
            scope: resource.scopes,
            audience: indicator,
            accessTokenTTL: options.accessTokenLife,
            accessTokenFormat: 'jwt',
            jwt: { sign: { alg: 'ES256' } },
          };
        },
      },
    },
    pkce: { required: () => true },
    rotateRefreshToken: true,
    ttl: { AccessToken: () => options.accessTokenLife, AuthorizationCode: 60, Grant: 86400, Interaction: 600, RefreshToken: 86400, Session: 86400 },
    ...(options.refreshTokens === 'always' && { issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token') }),
  };
}

let provider;
const server = createServer((request, response) => {
  count(counts.requests, `${request.method} ${new URL(request.url, 'http://localhost').pathname.split('/').slice(0, 2).join('/')}`);
  provider.callback()(request, response);
});

const issuer = `http://localhost:${await listenOnLoopback(server)}`;
provider = new Provider(issuer, await configuration());
provider.on('grant.success', (ctx) => count(counts.granted, ctx.oidc.params.grant_type));
provider.on('revocation.success', () => { counts.revoked += 1; });
provider.on('registration_create.success', (_ctx, client) => clients.add(client.clientId));
provider.on('grant.error', (ctx, error) => counts.refused.push({ grant: ctx.oidc?.params?.grant_type, error: error.message, why: error.error_detail }));
provider.on('authorization.error', (_ctx, error) => counts.refused.push({ authorization: error.message, why: error.error_description }));
provider.on('registration_create.error', (_ctx, error) => counts.refused.push({ registration: error.message, why: error.error_description }));
provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`));

// A JWT access token is nobody's to end before its time; a refresh token is looked up.
async function live({ token }) {
  const found = await provider.RefreshToken.find(token);
  return { live: Boolean(found) && !found.consumed };
}

async function forgetClients() {
  await Promise.all([...clients].map((id) => provider.Client.adapter.destroy(id)));
  clients.clear();
}

liveWithParent();
ready({
  issuer,
  control: await control({
    '/counts': () => counts,
    '/reset': reset,
    '/access-token-life': ({ seconds }) => { options.accessTokenLife = seconds; },
    '/resources': ({ url, scopes }) => { resources.set(url, { scopes }); },
    '/forget-clients': forgetClients,
    '/live': live,
  }),
});
