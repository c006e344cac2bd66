// Where a path, a name or a command may break.

import { render } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Parts } from './parts';

test.each([
  ['http://localhost:3000/oauth/callback', ['http://', 'localhost:3000/', 'oauth/', 'callback']],
  ['everything-test_prompt_with_image', ['everything-test_', 'prompt_', 'with_', 'image']],
  ['mcphub auth log lab --follow', ['mcphub', ' ', 'auth', ' ', 'log', ' ', 'lab', ' ', '--follow']],
  ["--params-json '{\"a\":-1}' -H", ['--params-json', ' ', "'{\"a\":-1}'", ' ', '-H']],
  ['/', ['/']],
])('%s breaks between its parts, and nothing of it is lost', (text, parts) => {
  const { container } = render(<Parts text={text} />);
  expect(container.textContent).toBe(text);
  const pieces = [...container.childNodes].filter((node) => node.nodeName !== 'WBR');
  expect(pieces.map((node) => node.textContent)).toEqual(parts);
  expect(container.querySelectorAll('wbr').length).toBe(parts.length - 1);
});

test('the dashes of an option stay with its name', () => {
  const { container } = render(<Parts text="mcphub auth log lab --follow" />);
  expect([...container.querySelectorAll('span')].map((it) => [it.textContent, it.className])).toEqual([['--follow', 'whitespace-nowrap']]);
});
