// A guess at the password of now is refused in the dialog, and does not end the login.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { loggedIn, loginToken } from '../api/login';
import { OwnPassword } from './own-password';

test('a wrong password is said at its field, and the login stays', async () => {
  loggedIn('token-1');
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"success":false,"message":"wrong name or password"}', { status: 401, headers: { 'content-type': 'application/json' } })));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <OwnPassword onClose={() => {}} />
    </QueryClientProvider>,
  );
  const current = screen.getByLabelText('Password until now');
  await userEvent.type(current, 'a guess');
  await userEvent.type(screen.getByLabelText('New password'), 'long enough');
  await userEvent.click(screen.getByRole('button', { name: 'Change it' }));
  expect(await screen.findByText('This is not your password.')).toBeTruthy();
  expect(current.getAttribute('aria-invalid')).toBe('true');
  expect(loginToken()).toBe('token-1');
});
