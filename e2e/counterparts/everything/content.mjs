// What the everything server offers, under the names that the conformance suite asks for.

// One red pixel, and a silent sample.
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';
const SILENCE = Buffer.concat([
  Buffer.from('RIFF'), uint32(37), Buffer.from('WAVEfmt '), uint32(16), uint16(1), uint16(1), uint32(8000), uint32(8000), uint16(1), uint16(8),
  Buffer.from('data'), uint32(1), Buffer.from([0x80]),
]).toString('base64');

function uint16(value) { const bytes = Buffer.alloc(2); bytes.writeUInt16LE(value); return bytes; }
function uint32(value) { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; }

const text = (value) => ({ type: 'text', text: value });
const image = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const embedded = (uri, mimeType, value) => ({ type: 'resource', resource: { uri, mimeType, text: value } });
const NOTHING = { type: 'object', properties: {} };
const only = (name, description) => ({ type: 'object', properties: { [name]: { type: 'string', description } }, required: [name] });

const tool = (name, description, run, inputSchema = NOTHING) => ({ name, description, inputSchema, run });
const saying = (...content) => () => ({ content });
const reply = (value) => ({ content: [text(value)] });

const pause = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

async function loggingAsItGoes(_arguments, call) {
  for (const [index, data] of ['Tool execution started', 'Tool processing data', 'Tool execution completed'].entries()) {
    if (index > 0) await pause(50);
    await call.log({ level: 'info', logger: 'everything', data });
  }
  return reply('Three messages were logged.');
}

async function progressing(_arguments, call) {
  for (const progress of [0, 50, 100]) {
    if (progress > 0) await pause(50);
    await call.progress({ progress, total: 100 });
  }
  return reply('Progress reached 100.');
}

async function sampling({ prompt }, call) {
  const { content } = await call.sample({ messages: [{ role: 'user', content: text(prompt) }], maxTokens: 100 });
  return reply(`LLM response: ${content.text ?? content.type}`);
}

const asking = (label, message, properties, required) => async (given, call) => {
  const { action, content } = await call.elicit({ message: message ?? given.message, requestedSchema: { type: 'object', properties, ...(required && { required }) } });
  return reply(`${label}: action=${action}, content=${JSON.stringify(content ?? {})}`);
};

const person = {
  username: { type: 'string', description: "User's response" },
  email: { type: 'string', description: "User's email address" },
};

const withDefaults = {
  name: { type: 'string', description: 'Name', default: 'John Doe' },
  age: { type: 'integer', description: 'Age', default: 30 },
  score: { type: 'number', description: 'Score', default: 95.5 },
  status: { type: 'string', description: 'Status', enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', description: 'Verified', default: true },
};

const titled = (first, ...titles) => titles.map((title, index) => ({ const: `${first}${index + 1}`, title }));
const options = ['option1', 'option2', 'option3'];
const everyEnum = {
  untitledSingle: { type: 'string', enum: options },
  titledSingle: { type: 'string', oneOf: titled('value', 'First Option', 'Second Option', 'Third Option') },
  legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
  untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
  titledMulti: { type: 'array', items: { anyOf: titled('value', 'First Choice', 'Second Choice', 'Third Choice') } },
};

const modernSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
};

export const tools = [
  tool('test_simple_text', 'Answers with text', saying(text('This is a simple text response for testing.'))),
  tool('test_image_content', 'Answers with an image', saying(image)),
  tool('test_audio_content', 'Answers with sound', saying({ type: 'audio', data: SILENCE, mimeType: 'audio/wav' })),
  tool('test_embedded_resource', 'Answers with a resource', saying(embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'))),
  tool('test_multiple_content_types', 'Answers with text, an image and a resource', saying(
    text('Multiple content types test:'), image, embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'))),
  tool('test_error_handling', 'Always fails', () => ({ isError: true, content: [text('This tool intentionally returns an error for testing')] })),
  tool('test_tool_with_logging', 'Logs while it runs', loggingAsItGoes),
  tool('test_tool_with_progress', 'Tells how far it is', progressing),
  tool('test_sampling', "Asks the client's model", sampling, only('prompt', 'What to ask')),
  tool('test_elicitation', "Asks the client's user", asking('User response', undefined, person, ['username', 'email']), only('message', 'What to ask')),
  tool('test_elicitation_sep1034_defaults', 'Asks with defaults', asking('Elicitation completed', 'Please look over the defaults', withDefaults)),
  tool('test_elicitation_sep1330_enums', 'Asks with every kind of choice', asking('Elicitation completed', 'Please choose', everyEnum)),
  tool('test_reconnection', 'Drops the stream and answers on the next one', async (_arguments, call) => { call.dropStream(); await pause(2_500); return reply('Reconnected.'); }),
  tool('json_schema_2020_12_tool', 'Tool with JSON Schema 2020-12 features', saying(text('The schema was understood.')), modernSchema),
];

const wanted = (name, description) => ({ name, description, required: true });
const user = (content) => ({ role: 'user', content });

export const prompts = [
  { name: 'test_simple_prompt', description: 'A prompt without arguments', messages: () => [user(text('This is a simple prompt for testing.'))] },
  {
    name: 'test_prompt_with_arguments',
    description: 'A prompt with two arguments',
    arguments: [wanted('arg1', 'First test argument'), wanted('arg2', 'Second test argument')],
    messages: ({ arg1, arg2 }) => [user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`))],
  },
  {
    name: 'test_prompt_with_embedded_resource',
    description: 'A prompt with a resource',
    arguments: [wanted('resourceUri', 'URI of the resource to embed')],
    messages: ({ resourceUri }) => [
      user(embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.')),
      user(text('Please process the embedded resource above.')),
    ],
  },
  { name: 'test_prompt_with_image', description: 'A prompt with an image', messages: () => [user(image), user(text('Please analyze the image above.'))] },
];

export const resources = [
  { uri: 'test://static-text', name: 'Static text', description: 'A text that never changes', mimeType: 'text/plain', contents: { text: 'This is the content of the static text resource.' } },
  { uri: 'test://static-binary', name: 'Static image', description: 'An image that never changes', mimeType: 'image/png', contents: { blob: PIXEL } },
  { uri: 'test://watched-resource', name: 'Watched', description: 'A resource to subscribe to', mimeType: 'text/plain', contents: { text: 'Watch me.' } },
];

export const templates = [{ uriTemplate: 'test://template/{id}/data', name: 'Template', description: 'Data for an id', mimeType: 'application/json' }];

export function read(uri) {
  const known = resources.find((resource) => resource.uri === uri);
  if (known) return { uri, mimeType: known.mimeType, ...known.contents };
  const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1];
  return id && { uri, mimeType: 'application/json', text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) };
}
