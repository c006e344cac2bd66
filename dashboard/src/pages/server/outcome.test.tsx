// What servers say is shown as they wrote it, and never becomes part of the page.

import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { OutLink } from '../../ui/button';
import { OutcomeView } from './outcome';

const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script><svg/onload=alert(3)>';

test('hostile text in every kind of content stays text', () => {
  render(
    <OutcomeView
      outcome={{
        content: [
          { type: 'text', text: HOSTILE },
          { type: 'resource', resource: { uri: HOSTILE, text: HOSTILE } },
          { type: 'resource_link', uri: 'javascript:alert(1)', name: HOSTILE },
          { type: 'image', data: 'AAAA', mimeType: 'image/svg+xml' },
          { type: 'image', data: '" onerror="alert(1)', mimeType: 'text/html' },
        ],
        structuredContent: { [HOSTILE]: HOSTILE },
      }}
    />,
  );
  expect(document.querySelector('script, img, a, svg[onload], iframe')).toBeNull();
  expect(screen.getAllByText(HOSTILE).length).toBeGreaterThan(2);
  expect(document.body.textContent).toContain('image/svg+xml');
});

test('a picture is shown, and a failure said in words', () => {
  render(<OutcomeView outcome={{ isError: true, content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] }} />);
  expect(screen.getByText('The tool says that it failed')).toBeTruthy();
  expect(screen.getByRole('img').getAttribute('src')).toBe('data:image/png;base64,AAAA');
});

test('an address that is neither http nor https leads nowhere', () => {
  for (const href of ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'no address']) {
    const { container, unmount } = render(<OutLink href={href}>go</OutLink>);
    expect(container.querySelector('a'), href).toBeNull();
    unmount();
  }
  render(<OutLink href="https://a.example/">go</OutLink>);
  expect(screen.getByRole('link').getAttribute('rel')).toContain('noopener');
});

const map = { a: 1 };

test('content of any shape is shown as it came, and nothing breaks', () => {
  const kinds = ['text', 'image', 'audio', 'resource_link', 'resource', map, undefined];
  const parts = kinds.flatMap((type) => [{ type }, { type, text: map, data: map, mimeType: map, uri: map, name: map, description: map, resource: null }, { type, resource: { uri: map, text: map, blob: 1, mimeType: [] } }]);
  for (const content of [null, map, 'text', [null, 1, 'text', [], ...parts]]) {
    const { container, unmount } = render(<OutcomeView outcome={{ content, isError: map }} />);
    expect(container.textContent).not.toBe('');
    unmount();
  }
  render(<OutcomeView outcome={{ content: [null, 7, { type: 'text', text: map }] }} />);
  expect(screen.getAllByText(/^(null|7|\{\s*"a": 1\s*\})$/)).toHaveLength(3);
});
