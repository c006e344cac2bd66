// The everything server of revision 2026-07-28, written by hand over node:http so that it shares no code with anybody: the upstream for
// the suite's server role in that revision. Asked directly it scores the whole set. Prints {"url"}.

import { createServer } from 'node:http';
import { prompts, read, resources, templates, tools as plainTools } from './everything/content.mjs';
import { Refused, prompt as askingPrompt, tools as askingTools } from './everything/rounds.mjs';
import { capability as tasksCapability, hear, methods as taskMethods, tools as taskTools } from './everything/tasks.mjs';
import { listenOnLoopback, liveWithParent, ready } from './lifeline.mjs';

const REVISION = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const CACHED = { ttlMs: 60_000, cacheScope: 'public' };
const ASKS_IN_REQUESTS = /^test_(sampling|elicitation|reconnection)/;
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];
const TEXT = /^=\?base64\?(.*)\?=$/;

const listeners = new Set();
// What `change` added to a list: a name that was not there before.
const added = { tools: 0, prompts: 0 };
const extra = (kind, make) => Array.from({ length: added[kind] }, (_, index) => make(`added_${index}`));

const tools = () => [
  ...plainTools.filter(({ name }) => !ASKS_IN_REQUESTS.test(name)).map((tool) => ({ ...tool, answer: (params, call) => tool.run(params.arguments ?? {}, call) })),
  ...askingTools,
  ...taskTools,
  ...extra('tools', (name) => ({ name, description: 'Added by a change', inputSchema: { type: 'object' }, answer: () => ({ content: [] }) })),
];
const allPrompts = () => [
  ...prompts.map((prompt) => ({ ...prompt, answer: ({ arguments: given }) => ({ description: prompt.description, messages: prompt.messages(given ?? {}) }) })),
  askingPrompt,
  ...extra('prompts', (name) => ({ name, description: 'Added by a change', answer: () => ({ messages: [] }) })),
];
const shown = ({ answer, run, messages, contents, ...listed }) => listed;
const find = (all, name, what) => all.find((one) => one.name === name) ?? refuse(-32602, `no ${what} is called ${name}`);

function refuse(code, message, data) {
  throw new Refused(code, message, data);
}

const CAPABILITIES = { tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true, listChanged: true }, logging: {}, completions: {}, extensions: tasksCapability };

const METHODS = {
  'server/discover': () => ({ supportedVersions: [REVISION], capabilities: CAPABILITIES, instructions: 'One of each kind.', _meta: { [`${META}serverInfo`]: { name: 'everything', version: '1.0.0' } }, ...CACHED }),
  'tools/list': () => ({ tools: tools().map(shown), ...CACHED }),
  'tools/call': (params, call) => find(tools(), params.name, 'tool').answer(params, call),
  'prompts/list': () => ({ prompts: allPrompts().map(shown), ...CACHED }),
  'prompts/get': (params, call) => find(allPrompts(), params.name, 'prompt').answer(params, call),
  'resources/list': () => ({ resources: resources.map(shown), ...CACHED }),
  'resources/templates/list': () => ({ resourceTemplates: templates, ...CACHED }),
  'resources/read': ({ uri }) => ({ contents: [read(uri) ?? refuse(-32602, `no resource at ${uri}`, { uri })], ...CACHED }),
  ...taskMethods,
  'completion/complete': ({ argument }) => ({ completion: { values: ['paris', 'park', 'party'].filter((word) => word.startsWith(argument.value)), hasMore: false } }),
};

// The text of a header; undefined when it says that it is Base64 and is not.
function decoded(value) {
  const encoded = TEXT.exec(value)?.[1];
  if (encoded === undefined) return value;
  const bytes = Buffer.from(encoded, 'base64');
  return bytes.toString('base64') === encoded ? bytes.toString() : undefined;
}

function checkHeaders(headers, { method, params = {} }) {
  const agree = (name, body) => {
    const header = headers[name];
    const said = header === undefined ? undefined : decoded(header.trim());
    const wanted = body === undefined || body === null ? undefined : String(body);
    if (said !== wanted || (header !== undefined && said === undefined)) refuse(-32020, `${name} is ${header}, and the body says ${wanted}`);
  };
  agree('mcp-protocol-version', params._meta[`${META}protocolVersion`]);
  agree('mcp-method', method);
  if (['tools/call', 'prompts/get'].includes(method)) agree('mcp-name', params.name);
  if (method === 'resources/read') agree('mcp-name', params.uri);
  if (method in taskMethods) agree('mcp-name', params.taskId);
  const properties = tools().find(({ name }) => method === 'tools/call' && name === params.name)?.inputSchema.properties ?? {};
  for (const [name, property] of Object.entries(properties)) if (property['x-mcp-header']) agree(`mcp-param-${property['x-mcp-header'].toLowerCase()}`, params.arguments?.[name]);
}

function check(headers, message) {
  const meta = message.params?._meta ?? {};
  const version = meta[`${META}protocolVersion`];
  if (typeof version !== 'string') refuse(-32602, 'the revision is missing');
  if (typeof meta[`${META}clientCapabilities`] !== 'object') refuse(-32602, 'the capabilities are missing');
  checkHeaders(headers, message);
  if (version !== REVISION) refuse(-32022, 'Unsupported protocol version', { supported: [REVISION], requested: version });
}

// What a running request may say before its response; the first word opens the stream.
function callOf(params, response) {
  const meta = params._meta;
  const open = LEVELS.indexOf(meta[`${META}logLevel`]);
  const say = (method, said) => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method, params: said })}\n\n`);
  };
  return {
    capabilities: meta[`${META}clientCapabilities`],
    log: async (said) => { if (open >= 0 && LEVELS.indexOf(said.level) >= open) say('notifications/message', said); },
    progress: async (said) => { if (meta.progressToken !== undefined) say('notifications/progress', { progressToken: meta.progressToken, ...said }); },
    change: (kind) => { added[kind] += 1; for (const listener of listeners) listener(`${kind}ListChanged`, `notifications/${kind}/list_changed`); },
    say,
  };
}

function listen({ id, params }, response) {
  const { say } = callOf(params, response);
  const tag = { [`${META}subscriptionId`]: id };
  const listener = (kind, method) => { if (params.notifications[kind]) say(method, { _meta: tag }); };
  say('notifications/subscriptions/acknowledged', { _meta: tag, notifications: params.notifications });
  listeners.add(listener);
  const { taskIds = [] } = params.notifications;
  const deaf = hear((task) => { if (taskIds.includes(task.taskId)) say('notifications/tasks', { ...task, _meta: tag }); });
  response.on('close', () => { listeners.delete(listener); deaf(); });
}

const STATUS = { [-32601]: 404, [-32602]: 400, [-32020]: 400, [-32021]: 400, [-32022]: 400, [-32700]: 400 };

async function answer(message, headers, response) {
  try {
    check(headers, message);
    if (message.method === 'subscriptions/listen') return listen(message, response);
    const method = METHODS[message.method] ?? refuse(-32601, `there is no ${message.method}`);
    const result = await method(message.params, callOf(message.params, response));
    return finish(response, 200, { jsonrpc: '2.0', id: message.id, result: { resultType: 'complete', ...result } });
  } catch (error) {
    const { code = -32603, message: text, data } = error;
    return finish(response, STATUS[code] ?? 200, { jsonrpc: '2.0', id: message.id, error: { code, message: text, ...(data && { data }) } });
  }
}

function finish(response, status, body) {
  const text = JSON.stringify(body);
  if (response.headersSent) return response.end(`data: ${text}\n\n`);
  return response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}

const isLocal = (host) => /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/.test(host ?? '');

const server = createServer(async (request, response) => {
  const { origin, host } = request.headers;
  if (!isLocal(host) || (origin !== undefined && !isLocal(origin.replace(/^https?:\/\//, '')))) return response.writeHead(403).end();
  if (request.method !== 'POST') return response.writeHead(405).end();
  let text = '';
  for await (const chunk of request) text += chunk;
  const message = JSON.parse(text);
  if (message.id === undefined) return response.writeHead(202).end();
  return answer(message, request.headers, response);
});

const port = await listenOnLoopback(server);
liveWithParent();
ready({ url: `http://127.0.0.1:${port}/mcp` });
