// A server on the official TypeScript SDK with as many tools as are asked for, one that wants a nested order, and one that fails; or
// with names and texts that mean harm to whoever shows them, or with shapes that no schema has. It keeps no sessions. Prints {"url"}.

import { createServer } from 'node:http';
import { createMcpExpressApp } from '@modelcontextprotocol/sdk/server/express.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as schema from '@modelcontextprotocol/sdk/types.js';
import { HOSTILE } from './catalogue/hostile.mjs';
import { listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

const { tools: many = 0, hostile = false, misshapen = false } = JSON.parse(process.argv[2] ?? '{}');
const said = (text) => ({ content: [{ type: 'text', text }] });

const order = {
  name: 'place_order',
  title: 'Place an order',
  description: 'Orders what is listed, to one address.',
  inputSchema: {
    type: 'object',
    properties: {
      customer: {
        type: 'object',
        description: 'Who gets it.',
        properties: {
          name: { type: 'string', minLength: 2 },
          address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } }, required: ['city'] },
        },
        required: ['name', 'address'],
      },
      lines: {
        type: 'array',
        items: { type: 'object', title: 'Line', properties: { article: { type: 'string' }, count: { type: 'integer', minimum: 1, maximum: 9 } }, required: ['article', 'count'] },
      },
      speed: { type: 'string', enum: ['slow', 'fast'] },
      gift: { type: 'boolean' },
    },
    required: ['customer', 'lines'],
  },
  run: (given) => ({ ...said(JSON.stringify(given)), structuredContent: given }),
};

const kept = (number) => ({
  name: `read_record_${String(number).padStart(4, '0')}`,
  description: `Reads record ${number} of the catalogue, with its history and whoever changed it last.`,
  inputSchema: { type: 'object', properties: { id: { type: 'string' } } },
  annotations: { readOnlyHint: true },
  run: () => said(`record ${number}`),
});

const harmful = HOSTILE.map((text, place) => ({
  name: place % 2 === 0 ? text.slice(0, 200) : `hostile_${place}`,
  title: text,
  description: text,
  inputSchema: { type: 'object', title: text, properties: { [text.slice(0, 300)]: { type: 'string', title: text, description: text } } },
  run: () => ({ isError: true, ...said(text) }),
}));
const refusing = HOSTILE.map((text, place) => ({
  name: `refusing_${place}`,
  description: 'Answers with an error of the protocol.',
  inputSchema: { type: 'object' },
  run: () => { throw new schema.McpError(schema.ErrorCode.InternalError, text); },
}));

const offered = hostile ? [...harmful, ...refusing] : [order, ...Array.from({ length: many }, (_, number) => kept(number))];

// What harms as a prompt or a resource, too: in the name, the words, the arguments, and in what is answered.
const prompts = HOSTILE.map((text, place) => ({
  name: place % 2 === 0 ? text.slice(0, 200) : `hostile_${place}`,
  title: text,
  description: text,
  arguments: [{ name: text.slice(0, 300), description: text }],
  run: () => ({ description: text, messages: [{ role: 'user', content: { type: 'text', text } }] }),
}));
const resources = HOSTILE.map((text, place) => ({ uri: `hostile://${place}`, name: text, title: text, description: text, mimeType: text.slice(0, 300), text }));

function harm(server) {
  server.setRequestHandler(schema.ListPromptsRequestSchema, () => ({ prompts: prompts.map(({ run, ...listed }) => listed) }));
  server.setRequestHandler(schema.GetPromptRequestSchema, ({ params }) => prompts.find(({ name }) => name === params.name).run());
  server.setRequestHandler(schema.ListResourcesRequestSchema, () => ({ resources: resources.map(({ text, ...listed }) => listed) }));
  server.setRequestHandler(schema.ReadResourceRequestSchema, ({ params }) => ({ contents: resources.filter(({ uri }) => uri === params.uri).map(({ uri, mimeType, text }) => ({ uri, mimeType, text })) }));
}

const MAP = { a: 1 };
const shapeless = { title: MAP, description: MAP, mimeType: MAP, arguments: MAP, annotations: 'none' };

function misshape(server) {
  server.setRequestHandler(schema.ListPromptsRequestSchema, () => ({ prompts: [{ name: 'odd', ...shapeless }, { name: 'even', arguments: [null, { name: MAP, description: MAP }] }] }));
  server.setRequestHandler(schema.GetPromptRequestSchema, () => ({ description: MAP, messages: [null, 7, { role: MAP, content: MAP }, { role: 'user', content: { type: 'text', text: MAP } }] }));
  server.setRequestHandler(schema.ListResourcesRequestSchema, () => ({ resources: [{ uri: 'odd://1', name: MAP, ...shapeless }] }));
  server.setRequestHandler(schema.ReadResourceRequestSchema, () => ({ contents: [null, MAP, { uri: MAP, text: MAP }] }));
}

function catalogue() {
  const capabilities = hostile || misshapen ? { tools: {}, prompts: {}, resources: {} } : { tools: {} };
  const server = new Server({ name: hostile ? HOSTILE[0] : 'catalogue', version: '1.0.0' }, { capabilities });
  if (hostile) harm(server);
  if (misshapen) misshape(server);
  server.setRequestHandler(schema.ListToolsRequestSchema, () => ({ tools: offered.map(({ run, ...listed }) => (misshapen ? { ...listed, ...shapeless } : listed)) }));
  server.setRequestHandler(schema.CallToolRequestSchema, ({ params }) => offered.find(({ name }) => name === params.name).run(params.arguments ?? {}));
  return server;
}

const app = createMcpExpressApp();
app.all('/mcp', async (request, response) => {
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined });
  await catalogue().connect(transport);
  await transport.handleRequest(request, response, request.body);
});
const port = await listenOnLoopback(createServer(app));
liveWithParent();
ready({ url: `http://127.0.0.1:${port}/mcp` });
