// An MCP server on the official TypeScript SDK that wants a token of our authorization server: signature by its published keys,
// issuer, audience (the server's own address), expiry and scope. Publishes protected resource metadata (RFC 9728) and names it in
// its 401. One session for each client that initializes.
//
// Arguments (one JSON object): { issuer, scope: "mcp:tools" }
// Prints {"url", "control"}. Control:
//   GET  /counts          MCP requests let in and turned away
//   POST /refuse-issued   every token seen until now is refused from now on (as if it had been revoked)

import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { z } from 'zod';
import { listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

const { issuer, scope = 'mcp:tools' } = JSON.parse(process.argv[2]);
const counts = { admitted: 0, turnedAway: 0, tokens: [] };
const seen = new Set();
const refused = new Set();

const digest = (token) => createHash('sha256').update(token).digest('hex').slice(0, 16);

function verifier(resource, keys) {
  return {
    async verifyAccessToken(token) {
      let claims;
      try {
        ({ payload: claims } = await jwtVerify(token, keys, { issuer, audience: resource, typ: 'at+jwt' }));
      } catch (error) {
        throw new InvalidTokenError(error.code ?? 'unreadable');
      }
      if (refused.has(token)) throw new InvalidTokenError('no longer accepted');
      seen.add(token);
      return { token, clientId: claims.client_id, scopes: (claims.scope ?? '').split(' '), expiresAt: claims.exp, resource: new URL(claims.aud), extra: { sub: claims.sub } };
    },
  };
}

function mcpServer() {
  const server = new McpServer({ name: 'vault', version: '1.0.0' });
  server.registerTool('echo', { description: 'Says it again', inputSchema: { text: z.string() } }, ({ text }) => ({ content: [{ type: 'text', text }] }));
  server.registerTool('whoami', { description: 'Whose token came with the call' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify({ subject: authInfo.extra.sub, scopes: authInfo.scopes, token: digest(authInfo.token) }) }],
  }));
  return server;
}

const sessions = new Map();

async function openSession() {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => sessions.set(id, transport) });
  transport.onclose = () => sessions.delete(transport.sessionId);
  await mcpServer().connect(transport);
  return transport;
}

async function mcp(request, response) {
  counts.admitted += 1;
  const token = digest(request.auth.token);
  if (!counts.tokens.includes(token)) counts.tokens.push(token);
  const id = request.headers['mcp-session-id'];
  const known = id && sessions.get(id);
  if (known) return known.handleRequest(request, response, request.body);
  if (id) return response.status(404).json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'session not found' } });
  if (request.method === 'POST' && isInitializeRequest(request.body)) return (await openSession()).handleRequest(request, response, request.body);
  return response.status(400).json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no session' } });
}

const app = createMcpExpressApp();
const server = createServer(app);
const url = new URL(`http://localhost:${await listenOnLoopback(server)}/mcp`);
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: url, scopesSupported: [scope], resourceName: 'Vault' }));
app.use('/mcp', (_request, response, next) => {
  response.on('finish', () => { if (response.statusCode === 401) counts.turnedAway += 1; });
  next();
});
app.all('/mcp', requireBearerAuth({
  verifier: verifier(url.href, createRemoteJWKSet(new URL(metadata.jwks_uri))),
  requiredScopes: [scope],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
}), mcp);

const control = createServer((request, response) => {
  if (request.url === '/refuse-issued') seen.forEach((token) => refused.add(token));
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(counts));
});

liveWithParent();
ready({ url: url.href, control: `http://127.0.0.1:${await listenOnLoopback(control)}` });
