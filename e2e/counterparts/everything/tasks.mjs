// What the everything server does later: tools that run as tasks (the extension io.modelcontextprotocol/tasks), under the names that the
// conformance suite asks for. Whoever listens for a task is told when it stands otherwise.

import { randomUUID } from 'node:crypto';
import { Refused, form } from './rounds.mjs';

const EXTENSION = 'io.modelcontextprotocol/tasks';
export const capability = { [EXTENSION]: {} };
const declares = (call) => Boolean(call.capabilities.extensions?.[EXTENSION]);
const reply = (value, more) => ({ content: [{ type: 'text', text: value }], ...more });

const tasks = new Map();
const find = (id) => tasks.get(id) ?? refuse(-32602, 'there is no such task');
const isOver = ({ status }) => ['completed', 'failed', 'cancelled'].includes(status);

function refuse(code, message, data) {
  throw new Refused(code, message, data);
}

function required(call) {
  if (!declares(call)) refuse(-32021, 'Missing required client capability', { requiredCapabilities: { extensions: capability } });
}

// `listeners` hear of each change; a server has one set of them.
const listeners = new Set();
export const hear = (listener) => { listeners.add(listener); return () => listeners.delete(listener); };

function change(task, status, more) {
  if (isOver(task)) return;
  const { inputRequests, ...kept } = task.shown;
  Object.assign(task, { status, shown: { ...kept, status, lastUpdatedAt: new Date().toISOString(), ...more } });
  for (const listener of listeners) listener(task.shown);
}

function create(work) {
  const now = new Date().toISOString();
  const shown = { taskId: randomUUID(), status: 'working', createdAt: now, lastUpdatedAt: now, ttlMs: 300_000, pollIntervalMs: 200 };
  const task = { status: 'working', shown, answers: {}, timer: undefined };
  tasks.set(shown.taskId, task);
  setImmediate(work, task);
  return { resultType: 'task', ...shown };
}

const complete = (task, result) => change(task, 'completed', { result });
const after = (milliseconds, result) => (task) => { task.timer = setTimeout(() => complete(task, result), milliseconds); };

// Stands still until each question has an answer.
const asking = (questions, done) => (task) => Object.assign(task, { questions, done }) && change(task, 'input_required', { inputRequests: questions });

function update({ taskId, inputResponses = {} }) {
  const task = find(taskId);
  Object.assign(task.answers, Object.fromEntries(Object.entries(inputResponses).filter(([key]) => task.questions?.[key])));
  const open = Object.fromEntries(Object.entries(task.questions ?? {}).filter(([key]) => !(key in task.answers)));
  if (Object.keys(open).length > 0) change(task, 'input_required', { inputRequests: open });
  else if (task.done) complete(task, task.done(task.answers));
  return {};
}

function cancel({ taskId }) {
  const task = find(taskId);
  clearTimeout(task.timer);
  change(task, 'cancelled');
  return {};
}

export const methods = {
  'tasks/get': ({ taskId }, call) => { required(call); return find(taskId).shown; },
  'tasks/update': (params, call) => { required(call); return update(params); },
  'tasks/cancel': (params, call) => { required(call); return cancel(params); },
};

const NOTHING = { type: 'object', properties: {} };
const tool = (name, description, answer) => ({ name, description, inputSchema: NOTHING, answer });
// A tool that runs as a task or not at all.
const task = (name, description, work) => tool(name, description, (params, call) => { required(call); return create(work(params.arguments ?? {})); });

function compute({ arguments: { seconds = 0, label } = {} }, call) {
  const result = reply(`computed ${label}`);
  return declares(call) ? create(after(seconds * 1000, result)) : result;
}

function afterAQuestion(params, call) {
  required(call);
  const given = params.inputResponses?.user_name;
  if (!given) return { resultType: 'input_required', inputRequests: { user_name: form('What is your name?', 'name') } };
  return create(after(0, reply(`Hello, ${given.content?.name}, later`)));
}

export const tools = [
  tool('greet', 'Greets at once', ({ arguments: given }) => reply(`Hello, ${given?.name ?? 'friend'}!`)),
  tool('slow_compute', 'Takes its time where it may', compute),
  task('failing_job', 'Fails later', () => after(0, reply('This job always fails', { isError: true }))),
  task('protocol_error_job', 'Breaks later', () => (running) => change(running, 'failed', { error: { code: -32603, message: 'This job breaks' } })),
  task('confirm_delete', 'Asks while it runs', ({ filename }) => asking({ confirm: form(`Delete ${filename}?`, 'confirm', 'boolean') }, ({ confirm }) => reply(JSON.stringify(confirm)))),
  task('multi_input', 'Asks two things while it runs', () => asking({ first: form('One?', 'name'), second: form('Two?', 'name') }, (answers) => reply(JSON.stringify(answers)))),
  tool('test_tool_with_task', 'Asks, and then takes its time', afterAQuestion),
];
