// A client of the hub's /mcp endpoints on the official TypeScript SDK.

import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

export async function connectClient(url, { capabilities = {}, headers = {}, prepare = () => {} } = {}) {
  const client = new Client({ name: 'e2e', version: '1.0.0' }, { capabilities });
  prepare(client);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

export async function textOf(client, name, args = {}) {
  const result = await client.callTool({ name, arguments: args });
  const text = result.content.map((part) => part.text ?? '').join('');
  if (result.isError) throw new Error(`${name} failed: ${text}`);
  return text;
}
