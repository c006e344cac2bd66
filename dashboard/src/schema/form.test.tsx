// A person fills in a form that a server described.

import { render, screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test } from 'vitest';
import type { Json, JsonMap } from '../api/shape';
import { SchemaForm } from './form';
import { beginning } from './schema';

let told: JsonMap = {};

function Filled({ schema }: { schema: Json }) {
  const [value, setValue] = useState(() => beginning(schema));
  told = value;
  return <SchemaForm schema={schema} value={value} onChange={setValue} faults={[]} />;
}

function begin(schema: Json) {
  render(<Filled schema={schema} />);
  return userEvent.setup();
}

test('nested objects, lists and numbers come out as they were filled in', async () => {
  const person = begin({
    type: 'object',
    required: ['filter'],
    properties: {
      filter: {
        type: 'object',
        required: ['tags'],
        properties: { tags: { type: 'array', items: { type: 'string', title: 'Tag' } }, limit: { type: 'integer' } },
      },
      strict: { type: 'boolean' },
    },
  });
  await person.click(screen.getByRole('button', { name: 'Add: Tag' }));
  await person.type(screen.getByLabelText('Tag 1'), 'red');
  await person.click(screen.getByRole('button', { name: 'Add: Tag' }));
  await person.type(screen.getByLabelText('Tag 2'), 'blue');
  await person.type(screen.getByLabelText('limit'), '12');
  await person.selectOptions(screen.getByLabelText('strict'), 'Yes');
  expect(told).toEqual({ filter: { tags: ['red', 'blue'], limit: 12 }, strict: true });
  await person.click(screen.getByRole('button', { name: 'Remove tags 1' }));
  expect(told).toEqual({ filter: { tags: ['blue'], limit: 12 }, strict: true });
  expect(screen.getByLabelText('Tag 1')).toHaveProperty('value', 'blue');
});

test('what is emptied again is not sent', async () => {
  const person = begin({ type: 'object', properties: { limit: { type: 'number' }, name: { type: 'string' } } });
  await person.type(screen.getByLabelText('limit'), '1.5');
  await person.type(screen.getByLabelText('name'), 'x');
  expect(told).toEqual({ limit: 1.5, name: 'x' });
  await person.clear(screen.getByLabelText('limit'));
  await person.clear(screen.getByLabelText('name'));
  expect(told).toEqual({});
});

test('oneOf shows the fields of the kind that was chosen', async () => {
  const person = begin({
    type: 'object',
    properties: {
      source: {
        oneOf: [
          { title: 'File', type: 'object', required: ['kind', 'path'], properties: { kind: { const: 'file' }, path: { type: 'string' } } },
          { title: 'Web', type: 'object', required: ['kind', 'url'], properties: { kind: { const: 'web' }, url: { type: 'string' } } },
        ],
      },
    },
  });
  const group = screen.getByRole('group', { name: 'source' });
  await person.selectOptions(within(group).getByLabelText('Kind'), 'Web');
  await person.type(within(group).getByLabelText('url'), 'https://a.example');
  expect(told).toEqual({ source: { kind: 'web', url: 'https://a.example' } });
  await person.selectOptions(within(group).getByLabelText('Kind'), 'File');
  expect(told).toEqual({ source: { kind: 'file' } });
});

test('words of a server stay text', () => {
  const hostile = '<img src=x onerror="alert(1)"><script>alert(2)</script>';
  begin({ type: 'object', properties: { [hostile]: { type: 'string', description: hostile }, choice: { enum: [hostile] } } });
  expect(document.querySelector('img, script')).toBeNull();
  expect(screen.getAllByText(hostile).length).toBe(3);
});
