// Somebody who looks at another way to add a server finds his words again.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { AddServer } from './add';

test('what is typed in a tab stays while another is looked at', async () => {
  vi.stubGlobal('fetch', () => new Promise(() => {}));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <AddServer />
    </QueryClientProvider>,
  );
  const open = (name: string) => userEvent.click(screen.getByRole('tab', { name }));
  const field = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name });
  await userEvent.type(field('Address'), 'https://a.test/mcp');
  await open('Command');
  await userEvent.type(field('Command'), 'npx it');
  await open('Address');
  expect(field('Address').value).toBe('https://a.test/mcp');
  await open('Command');
  expect(field('Command').value).toBe('npx it');
});
