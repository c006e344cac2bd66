// What the everything server offers in the stateless revision only: tools and a prompt that ask in their results (SEP-2322), and the
// hooks with which the conformance suite sees logs, changed lists and missing capabilities. State is signed, so that a changed one is seen.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const KEY = randomBytes(32);
const mac = (text) => createHmac('sha256', KEY).update(text).digest('base64url');
const seal = (step) => { const text = Buffer.from(JSON.stringify(step)).toString('base64url'); return `${text}.${mac(text)}`; };

export class Refused extends Error {
  constructor(code, message, data) {
    super(message);
    Object.assign(this, { code, data });
  }
}

function open(state) {
  const [text, signature = ''] = String(state).split('.');
  const [said, right] = [Buffer.from(signature), Buffer.from(mac(text))];
  if (said.length !== right.length || !timingSafeEqual(said, right)) throw new Refused(-32602, 'the requestState is not ours');
  return JSON.parse(Buffer.from(text, 'base64url'));
}

const reply = (value) => ({ content: [{ type: 'text', text: value }] });
export const form = (message, name, type = 'string') => ({ method: 'elicitation/create', params: { message, requestedSchema: { type: 'object', properties: { [name]: { type } }, required: [name] } } });
const sample = (text, maxTokens) => ({ method: 'sampling/createMessage', params: { messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens } });
const roots = { method: 'roots/list', params: {} };
const ask = (inputRequests, requestState) => ({ resultType: 'input_required', inputRequests, ...(requestState && { requestState }) });

const answered = (params, keys) => keys.every((key) => typeof params.inputResponses?.[key] === 'object' && params.inputResponses[key] !== null);

// One question, or several, and then `done` with the answers.
const oneRound = (questions, done, sealed) => (params) => {
  if (params.inputResponses !== undefined && sealed) open(params.requestState);
  if (!answered(params, Object.keys(questions))) return ask(questions, sealed && seal({}));
  return done(params.inputResponses);
};

function multiRound(params) {
  const step = params.requestState === undefined ? 1 : open(params.requestState).step;
  if (step === 1) return ask({ step1: form('Step 1: What is your name?', 'name') }, seal({ step: 2 }));
  if (step === 2 && answered(params, ['step1'])) return ask({ step2: form('Step 2: What is your favorite color?', 'color') }, seal({ step: 3 }));
  if (step === 3 && answered(params, ['step2'])) return reply('All steps are done.');
  throw new Refused(-32602, 'the answer is missing');
}

// Asks only what the client said that it can answer.
function capable(params, call) {
  const can = { sampling: { capital: sample('What is the capital of France?', 100) }, elicitation: { user_name: form('What is your name?', 'name') } };
  const questions = Object.assign({}, ...Object.keys(can).filter((name) => call.capabilities[name]).map((name) => can[name]));
  return answered(params, Object.keys(questions)) ? reply('Thank you.') : ask(questions);
}

function needsSampling(_params, call) {
  if (!call.capabilities.sampling) throw new Refused(-32021, 'this tool needs sampling', { requiredCapabilities: { sampling: {} } });
  return reply('The client can sample.');
}

const NOTHING = { type: 'object', properties: {} };
const tool = (name, description, answer, inputSchema = NOTHING) => ({ name, description, inputSchema, answer });
const named = { user_name: form('What is your name?', 'name') };
const confirmed = { confirm: form('Please confirm', 'ok', 'boolean') };
const marked = { type: 'object', properties: { region: { type: 'string', description: 'Where', 'x-mcp-header': 'Region' } }, required: ['region'] };

export const tools = [
  tool('test_input_required_result_elicitation', 'Asks for a name', oneRound(named, ({ user_name }) => reply(`Hello, ${user_name.content?.name}!`))),
  tool('test_input_required_result_sampling', 'Asks a model', oneRound({ capital_question: sample('What is the capital of France?', 100) }, ({ capital_question }) => reply(capital_question.content?.text ?? ''))),
  tool('test_input_required_result_list_roots', 'Asks for folders', oneRound({ client_roots: roots }, ({ client_roots }) => reply(`Roots: ${client_roots.roots?.map(({ uri }) => uri).join(', ')}`))),
  tool('test_input_required_result_request_state', 'Asks with a state', oneRound(confirmed, () => reply('state-ok'), true)),
  tool('test_input_required_result_tampered_state', 'Asks with a signed state', oneRound(confirmed, () => reply('state-ok'), true)),
  tool('test_input_required_result_multiple_inputs', 'Asks three things at once', oneRound({ ...named, greeting: sample('Generate a greeting', 50), client_roots: roots }, () => reply('All three came.'), true)),
  tool('test_input_required_result_multi_round', 'Asks twice', multiRound),
  tool('test_input_required_result_capabilities', 'Asks what the client can answer', capable),
  tool('test_missing_capability', 'Needs a client that samples', needsSampling),
  tool('test_streaming_elicitation', 'Asks on a stream', async (params, call) => { await call.progress({ progress: 1, total: 2 }); return oneRound(named, () => reply('Done.'))(params); }),
  tool('test_logging_tool', 'Logs while it runs', async (_params, call) => { await call.log({ level: 'info', logger: 'everything', data: 'a line' }); return reply('A line was logged.'); }),
  tool('test_trigger_tool_change', 'Changes the list of tools', (_params, call) => { call.change('tools'); return reply('The tools changed.'); }),
  tool('test_trigger_prompt_change', 'Changes the list of prompts', (_params, call) => { call.change('prompts'); return reply('The prompts changed.'); }),
  tool('test_header_parameter', 'Has a parameter that a header repeats', ({ arguments: { region } }) => reply(`In ${region}.`), marked),
];

export const prompt = {
  name: 'test_input_required_result_prompt',
  description: 'A prompt that asks first',
  answer: oneRound({ user_context: form('What context should the prompt use?', 'context') }, ({ user_context }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `In the context of ${user_context.content?.context}.` } }] })),
};
