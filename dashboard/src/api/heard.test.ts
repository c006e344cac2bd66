// What a server says of itself becomes what pages count on, whatever shape it has.

import { expect, test } from 'vitest';
import { heardOutcome, heardServer } from './heard';

const map = { a: 1 };

test('texts are texts and lists are lists, whatever a server says', () => {
  const server = heardServer({
    name: 'lab',
    tools: [{ name: map, title: 1, description: map, annotations: { title: map, readOnlyHint: true }, enabled: true }, null, { name: 'b', annotations: 'x' }],
    prompts: [{ name: 'p', description: [1], arguments: map }, { name: 'q', arguments: [null, 1, { name: map, title: null, description: false }] }],
    resources: [{ uri: 1, name: map, title: map, mimeType: [], description: map }, 'text'],
  });
  expect(server).toEqual({
    name: 'lab',
    tools: [
      { name: '{"a":1}', title: '1', description: '{"a":1}', annotations: { title: '{"a":1}', readOnlyHint: true }, enabled: true },
      { name: 'b', annotations: undefined },
    ],
    prompts: [
      { name: 'p', description: '[1]', arguments: [] },
      { name: 'q', arguments: [{ name: '{"a":1}', title: undefined, description: 'false' }] },
    ],
    resources: [{ uri: '1', name: '{"a":1}', title: '{"a":1}', mimeType: '[]', description: '{"a":1}' }],
  });
  expect(heardServer({ name: 'lab', tools: map, prompts: null })).toEqual({ name: 'lab', tools: [], prompts: [], resources: [] });
});

test('what is no answer at all has nothing', () => {
  for (const said of [null, 'text', 1, [map]]) expect(heardOutcome(said)).toEqual({});
  expect(heardOutcome({ content: null })).toEqual({ content: null });
});
