// The key is shown once, until somebody says that he has kept it.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent, { PointerEventsCheckLevel } from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { MakeKey } from './make';

test('the dialog with the new key is closed by its button, and not by Escape or a click beside it', async () => {
  const answer = JSON.stringify({ success: true, data: { id: 'k1', name: 'Cursor', token: 'only-now', accessType: 'all' } });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(answer, { headers: { 'content-type': 'application/json' } })));
  const onClose = vi.fn();
  // What is beside a dialog takes no pointer: Radix hears of the press all the same.
  const person = userEvent.setup({ pointerEventsCheck: PointerEventsCheckLevel.Never });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MakeKey onClose={onClose} />
    </QueryClientProvider>,
  );
  await person.type(screen.getByLabelText('Name'), 'Cursor');
  await person.click(screen.getByRole('button', { name: 'Make the key' }));
  await screen.findByText('only-now');
  await person.keyboard('{Escape}');
  await person.click(document.body);
  expect(onClose).not.toHaveBeenCalled();
  expect(screen.queryByRole('button', { name: 'Close' })).toBeNull();
  await person.click(screen.getByRole('button', { name: 'I have kept it' }));
  expect(onClose).toHaveBeenCalledOnce();
});
