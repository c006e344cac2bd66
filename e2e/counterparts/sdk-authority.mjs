// An MCP server that is its own authorization server, all of it the official TypeScript SDK's: endpoints, metadata (the issuer ends in a
// slash), client authentication, PKCE. Ours is what the SDK leaves to its users: where clients, codes and tokens are kept, and the
// page of consent. Strict: a code is used once, a refresh token too (a second use ends the whole family), tokens are for one resource.
//
// Arguments (one JSON object): { scope: "mcp:tools" }
// Prints {"url", "issuer", "control"}. Control:
//   GET  /counts              requests by route, grants given, MCP requests let in and turned away
//   POST /access-token-life   {"seconds": n}    POST /forget-clients    POST /refuse-issued    POST /reset
//   POST /live                {"token": t} -> {"live": bool}

import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import express from 'express';
import { InvalidGrantError, InvalidTargetError, InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { control, listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';
import { Record, vault } from './vault.mjs';

const { scope = 'mcp:tools' } = JSON.parse(process.argv[2] ?? '{}');
const record = new Record();
const fresh = () => randomBytes(32).toString('base64url');

class Authority {
  life = 3600;
  clients = new Map();
  asked = new Map();
  codes = new Map();
  access = new Map();
  refresh = new Map();
  spent = new Map();
  counts = { requests: {}, granted: {}, refused: [], revoked: 0 };

  constructor(resource) {
    this.resource = resource;
  }

  get clientsStore() {
    return {
      getClient: (id) => this.clients.get(id),
      registerClient: (client) => {
        this.clients.set(client.client_id, client);
        return client;
      },
    };
  }

  async authorize(client, params, response) {
    if (params.resource?.href !== this.resource) throw new InvalidTargetError(`no such resource: ${params.resource}`);
    const ticket = fresh();
    this.asked.set(ticket, { client, params });
    response.redirect(`/consent?ticket=${ticket}`);
  }

  page(request, response) {
    const ticket = String(request.query.ticket);
    const found = this.asked.get(ticket);
    if (!found) return response.status(400).send('<p>This was answered before.</p>');
    if (request.method === 'GET') return response.send('<form method="post"><button>Allow</button></form>');
    this.asked.delete(ticket);
    const code = fresh();
    this.codes.set(code, { ...found, expiresAt: Date.now() + 60_000 });
    const back = new URL(found.params.redirectUri);
    back.searchParams.set('code', code);
    if (found.params.state) back.searchParams.set('state', found.params.state);
    return response.redirect(back.href);
  }

  #code(client, code) {
    const found = this.codes.get(code);
    if (found?.client.client_id !== client.client_id || found.expiresAt < Date.now()) throw new InvalidGrantError('no such code');
    return found;
  }

  async challengeForAuthorizationCode(client, code) {
    return this.#code(client, code).params.codeChallenge;
  }

  async exchangeAuthorizationCode(client, code, _verifier, redirectUri, resource) {
    const { params } = this.#code(client, code);
    this.codes.delete(code);
    if (redirectUri !== params.redirectUri) throw new InvalidGrantError('another redirect_uri than at the authorization endpoint');
    this.#isOurs(resource);
    return this.#pair('authorization_code', { family: fresh(), client, scopes: params.scopes ?? [scope] });
  }

  async exchangeRefreshToken(client, token, scopes, resource) {
    if (this.spent.has(token)) this.#end(this.spent.get(token));
    const grant = this.refresh.get(token);
    if (grant?.client.client_id !== client.client_id) throw new InvalidGrantError('no such refresh token');
    this.#isOurs(resource);
    this.refresh.delete(token);
    this.spent.set(token, grant.family);
    return this.#pair('refresh_token', { ...grant, scopes: scopes ?? grant.scopes });
  }

  #isOurs(resource) {
    if (resource?.href !== this.resource) throw new InvalidTargetError(`no such resource: ${resource}`);
  }

  #pair(type, grant) {
    this.counts.granted[type] = (this.counts.granted[type] ?? 0) + 1;
    const [access, refresh] = [fresh(), fresh()];
    this.access.set(access, { ...grant, expiresAt: Math.floor(Date.now() / 1000) + this.life });
    this.refresh.set(refresh, grant);
    return { access_token: access, token_type: 'bearer', expires_in: this.life, scope: grant.scopes.join(' '), refresh_token: refresh };
  }

  async verifyAccessToken(token) {
    const grant = this.access.get(token);
    if (!grant) throw new InvalidTokenError('no such token');
    record.see(token);
    return { token, clientId: grant.client.client_id, scopes: grant.scopes, expiresAt: grant.expiresAt, resource: new URL(this.resource), extra: { sub: 'alice' } };
  }

  async revokeToken(client, { token }) {
    const grant = this.refresh.get(token) ?? this.access.get(token);
    if (grant?.client.client_id !== client.client_id) return;
    this.counts.revoked += 1;
    this.#end(grant.family);
  }

  #end(family) {
    for (const tokens of [this.access, this.refresh]) {
      for (const [token, grant] of tokens) if (grant.family === family) tokens.delete(token);
    }
  }

  watch(request, response, next) {
    const route = `${request.method} /${request.path.split('/')[1]}`;
    this.counts.requests[route] = (this.counts.requests[route] ?? 0) + 1;
    response.on('finish', () => { if (response.statusCode >= 400) this.counts.refused.push({ route, status: response.statusCode }); });
    next();
  }

  reset() {
    this.counts = { requests: {}, granted: {}, refused: [], revoked: 0 };
    record.reset();
  }
}

const app = express();
const server = createServer(app);
const origin = `http://localhost:${await listenOnLoopback(server)}`;
const url = new URL(`${origin}/mcp`);
const authority = new Authority(url.href);
const unlimited = { rateLimit: false };
app.use((...call) => authority.watch(...call));
app.use(mcpAuthRouter({
  provider: authority,
  issuerUrl: new URL(origin),
  resourceServerUrl: url,
  scopesSupported: [scope],
  authorizationOptions: unlimited,
  tokenOptions: unlimited,
  clientRegistrationOptions: unlimited,
  revocationOptions: unlimited,
}));
app.all('/consent', (...call) => authority.page(...call));
app.use('/mcp', express.json(), (...call) => record.watch(...call));
app.all('/mcp', requireBearerAuth({ verifier: authority, requiredScopes: [scope], resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url) }), vault(record));

liveWithParent();
ready({
  url: url.href,
  issuer: `${origin}/`,
  control: await control({
    '/counts': () => ({ ...authority.counts, ...record.counts }),
    '/reset': () => authority.reset(),
    '/access-token-life': ({ seconds }) => { authority.life = seconds; },
    '/forget-clients': () => authority.clients.clear(),
    '/refuse-issued': () => record.refuseIssued(),
    '/live': ({ token }) => ({ live: authority.access.has(token) || authority.refresh.has(token) }),
  }),
});
