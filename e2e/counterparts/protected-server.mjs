// An MCP server on the official TypeScript SDK that wants a token of our authorization server: signature by its published keys,
// issuer, audience (the server's own address), expiry and scope. Publishes protected resource metadata (RFC 9728) and names it in
// its 401.
//
// Arguments (one JSON object): { issuer, scope: "mcp:tools" }
// Prints {"url", "control"}. Control:
//   GET  /counts          MCP requests let in and turned away
//   POST /refuse-issued   every token seen until now is refused from now on (as if it had been revoked)

import { createServer } from 'node:http';
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js';
import { getOAuthProtectedResourceMetadataUrl, mcpAuthMetadataRouter } from '@modelcontextprotocol/sdk/server/auth/router.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { control, listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';
import { Record, vault } from './vault.mjs';

const { issuer, scope = 'mcp:tools' } = JSON.parse(process.argv[2]);
const record = new Record();

function verifier(resource, keys) {
  return {
    async verifyAccessToken(token) {
      let claims;
      try {
        ({ payload: claims } = await jwtVerify(token, keys, { issuer, audience: resource, typ: 'at+jwt' }));
      } catch (error) {
        throw new InvalidTokenError(error.code ?? 'unreadable');
      }
      record.see(token);
      return { token, clientId: claims.client_id, scopes: (claims.scope ?? '').split(' '), expiresAt: claims.exp, resource: new URL(claims.aud), extra: { sub: claims.sub } };
    },
  };
}

const app = createMcpExpressApp();
const server = createServer(app);
const url = new URL(`http://localhost:${await listenOnLoopback(server)}/mcp`);
const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
app.use(mcpAuthMetadataRouter({ oauthMetadata: metadata, resourceServerUrl: url, scopesSupported: [scope], resourceName: 'Vault' }));
app.use('/mcp', (...call) => record.watch(...call));
app.all('/mcp', requireBearerAuth({
  verifier: verifier(url.href, createRemoteJWKSet(new URL(metadata.jwks_uri))),
  requiredScopes: [scope],
  resourceMetadataUrl: getOAuthProtectedResourceMetadataUrl(url),
}), vault(record));

liveWithParent();
ready({
  url: url.href,
  control: await control({ '/counts': () => record.counts, '/reset': () => record.reset(), '/refuse-issued': () => record.refuseIssued() }),
});
