// The MCP server behind the protected counterparts on the official TypeScript SDK: two tools, one session for each client that
// initializes, and a record of the tokens that were let in.

import { createHash, randomUUID } from 'node:crypto';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js';
import { isInitializeRequest } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';

const digest = (token) => createHash('sha256').update(token).digest('hex').slice(0, 16);

// What was let in and turned away since the last `reset`, and the tokens that are no longer let in although their issuer would.
export class Record {
  counts = { admitted: 0, turnedAway: 0, tokens: [] };
  #seen = new Set();
  #refused = new Set();

  reset() {
    this.counts = { admitted: 0, turnedAway: 0, tokens: [] };
  }

  refuseIssued() {
    this.#seen.forEach((token) => this.#refused.add(token));
  }

  // Called with each token that its issuer vouches for.
  see(token) {
    if (this.#refused.has(token)) throw new InvalidTokenError('no longer accepted');
    this.#seen.add(token);
  }

  watch(_request, response, next) {
    response.on('finish', () => { if (response.statusCode === 401) this.counts.turnedAway += 1; });
    next();
  }

  admit(token) {
    this.counts.admitted += 1;
    if (!this.counts.tokens.includes(digest(token))) this.counts.tokens.push(digest(token));
  }
}

function mcpServer() {
  const server = new McpServer({ name: 'vault', version: '1.0.0' });
  server.registerTool('echo', { description: 'Says it again', inputSchema: { text: z.string() } }, ({ text }) => ({ content: [{ type: 'text', text }] }));
  server.registerTool('whoami', { description: 'Whose token came with the call' }, ({ authInfo }) => ({
    content: [{ type: 'text', text: JSON.stringify({ subject: authInfo.extra.sub, scopes: authInfo.scopes, token: digest(authInfo.token) }) }],
  }));
  return server;
}

// The handler for /mcp, behind the SDK's check of the bearer token.
export function vault(record) {
  const sessions = new Map();
  async function openSession() {
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => sessions.set(id, transport) });
    transport.onclose = () => sessions.delete(transport.sessionId);
    await mcpServer().connect(transport);
    return transport;
  }
  return async (request, response) => {
    record.admit(request.auth.token);
    const id = request.headers['mcp-session-id'];
    const known = id && sessions.get(id);
    if (known) return known.handleRequest(request, response, request.body);
    if (id) return response.status(404).json({ jsonrpc: '2.0', id: null, error: { code: -32001, message: 'session not found' } });
    if (request.method === 'POST' && isInitializeRequest(request.body)) return (await openSession()).handleRequest(request, response, request.body);
    return response.status(400).json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no session' } });
  };
}
