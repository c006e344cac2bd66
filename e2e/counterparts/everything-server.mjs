// A server with everything that revision 2025-11-25 has, on the official TypeScript SDK over Streamable HTTP, with the conformance
// suite's fixed names: the upstream for the suite's server role. It scores the whole set when the suite asks it directly, so what
// is missing behind the hub is the hub's doing. Prints {"url"}.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as schema from '@modelcontextprotocol/sdk/types.js';
import { prompts, read, resources, templates, tools } from './everything/content.mjs';
import { listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

// What a running tool may do towards the client that called it.
function callOf(server, extra) {
  const token = extra._meta?.progressToken;
  return {
    log: (params) => server.sendLoggingMessage(params, extra.sessionId),
    progress: async (params) => { if (token !== undefined) await extra.sendNotification({ method: 'notifications/progress', params: { progressToken: token, ...params } }); },
    sample: (params) => extra.sendRequest({ method: 'sampling/createMessage', params }, schema.CreateMessageResultSchema),
    elicit: (params) => extra.sendRequest({ method: 'elicitation/create', params }, schema.ElicitResultSchema),
    dropStream: () => extra.closeSSEStream?.(),
  };
}

function missing(what) {
  throw new schema.McpError(schema.ErrorCode.InvalidParams, what);
}

function everything() {
  const server = new Server({ name: 'everything', version: '1.0.0' }, {
    capabilities: { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {} },
    instructions: 'One of each kind.',
  });
  const answer = (request, handler) => server.setRequestHandler(request, handler);
  answer(schema.ListToolsRequestSchema, () => ({ tools: tools.map(({ run, ...listed }) => listed) }));
  answer(schema.CallToolRequestSchema, ({ params }, extra) => {
    const tool = tools.find(({ name }) => name === params.name) ?? missing(`no tool is called ${params.name}`);
    return tool.run(params.arguments ?? {}, callOf(server, extra));
  });
  answer(schema.ListPromptsRequestSchema, () => ({ prompts: prompts.map(({ messages, ...listed }) => listed) }));
  answer(schema.GetPromptRequestSchema, ({ params }) => {
    const prompt = prompts.find(({ name }) => name === params.name) ?? missing(`no prompt is called ${params.name}`);
    return { description: prompt.description, messages: prompt.messages(params.arguments ?? {}) };
  });
  answer(schema.ListResourcesRequestSchema, () => ({ resources: resources.map(({ contents, ...listed }) => listed) }));
  answer(schema.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: templates }));
  answer(schema.ReadResourceRequestSchema, ({ params }) => ({ contents: [read(params.uri) ?? missing(`no resource at ${params.uri}`)] }));
  answer(schema.SubscribeRequestSchema, () => ({}));
  answer(schema.UnsubscribeRequestSchema, () => ({}));
  answer(schema.CompleteRequestSchema, ({ params }) => ({ completion: { values: ['paris', 'park', 'party'].filter((word) => word.startsWith(params.argument.value)), hasMore: false } }));
  return server;
}

// Events of each stream in order, so that a client that lost one can go on where it was (Last-Event-ID).
class Events {
  #kept = [];

  async storeEvent(stream, message) {
    const id = `${stream}_${this.#kept.length}`;
    this.#kept.push({ id, stream, message });
    return id;
  }

  async getStreamIdForEventId(id) {
    return this.#kept.find((event) => event.id === id)?.stream;
  }

  async replayEventsAfter(id, { send }) {
    const last = this.#kept.findIndex((event) => event.id === id);
    const { stream } = this.#kept[last];
    for (const event of this.#kept.slice(last + 1)) if (event.stream === stream && event.message.jsonrpc) await send(event.id, event.message);
    return stream;
  }
}

const sessions = new Map();

async function openSession() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => { sessions.set(id, transport); },
    eventStore: new Events(),
    retryInterval: 200,
  });
  transport.onclose = () => sessions.delete(transport.sessionId);
  await everything().connect(transport);
  return transport;
}

const app = createMcpExpressApp();
app.all('/mcp', async (request, response) => {
  const id = request.headers['mcp-session-id'];
  const known = id && sessions.get(id);
  if (known) return known.handleRequest(request, response, request.body);
  if (!id && request.method === 'POST' && schema.isInitializeRequest(request.body)) return (await openSession()).handleRequest(request, response, request.body);
  return response.status(id ? 404 : 400).json({ jsonrpc: '2.0', id: null, error: { code: -32000, message: id ? 'session not found' : 'no session' } });
});

const port = await listenOnLoopback(createServer(app));
liveWithParent();
ready({ url: `http://127.0.0.1:${port}/mcp` });
