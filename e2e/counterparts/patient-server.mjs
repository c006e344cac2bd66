// A server on the official TypeScript SDK that does what a stream has to carry: steps of progress, questions to its caller, a tool that
// appears, and one that waits until its call is cancelled. What it began and what was cancelled are lines of the file in the first
// argument. With `stdio` as the second it speaks over standard input and output; else it prints {"url"}.

import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as schema from '@modelcontextprotocol/sdk/types.js';
import { listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

const [diary, way] = process.argv.slice(2);
const note = (line) => appendFileSync(JSON.parse(diary).diary, `${line}\n`);
const said = (text) => ({ content: [{ type: 'text', text }] });

function progress(extra, step) {
  const progressToken = extra._meta?.progressToken;
  return progressToken === undefined ? undefined : extra.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: step } });
}

function patient() {
  const server = new Server({ name: 'patient', version: '1.0.0' }, { capabilities: { tools: { listChanged: true } } });
  const tools = {
    steps: async (extra) => {
      // The SDK's client loses a step that arrives together with the answer.
      for (const step of [1, 2, 3]) {
        await progress(extra, step);
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      return said('three steps');
    },
    sample: async (extra) => {
      const params = { messages: [{ role: 'user', content: { type: 'text', text: 'what next' } }], maxTokens: 10 };
      const { content } = await extra.sendRequest({ method: 'sampling/createMessage', params }, schema.CreateMessageResultSchema);
      return said(`sampled: ${content.text}`);
    },
    elicit: async (extra) => {
      const requestedSchema = { type: 'object', properties: { colour: { type: 'string' } } };
      const { action, content } = await extra.sendRequest({ method: 'elicitation/create', params: { message: 'which colour', requestedSchema } }, schema.ElicitResultSchema);
      return said(`elicited: ${action} ${content?.colour}`);
    },
    grow: async () => {
      tools[`grown-${randomUUID()}`] = () => said('grown');
      await server.sendToolListChanged();
      return said('growing');
    },
    wait: async (extra) => {
      note('began');
      await progress(extra, 1);
      await new Promise((resolve) => { extra.signal.addEventListener('abort', resolve); });
      note('cancelled');
      return said('never heard');
    },
  };
  server.setRequestHandler(schema.ListToolsRequestSchema, () => ({ tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: 'object' } })) }));
  server.setRequestHandler(schema.CallToolRequestSchema, ({ params }, extra) => tools[params.name](extra));
  return server;
}

async function overHttp() {
  const sessions = new Map();
  const app = createMcpExpressApp();
  app.all('/mcp', async (request, response) => {
    const known = sessions.get(request.headers['mcp-session-id']);
    if (known) return known.handleRequest(request, response, request.body);
    if (!schema.isInitializeRequest(request.body)) return response.status(400).json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no session' } });
    const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => { sessions.set(id, transport); } });
    await patient().connect(transport);
    return transport.handleRequest(request, response, request.body);
  });
  const port = await listenOnLoopback(createServer(app));
  liveWithParent();
  ready({ url: `http://127.0.0.1:${port}/mcp` });
}

if (way === 'stdio') {
  liveWithParent();
  await patient().connect(new StdioServerTransport());
} else {
  await overHttp();
}
