// The link is a server's word: it leads to a login server, or nowhere.

import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { known } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { SignInSteps } from './sign-in-steps';

function show(oauth: Partial<Server['oauth']>) {
  const server: Server = {
    name: 'lab',
    status: 'oauth_required',
    error: null,
    reason: 'never signed in',
    action: 'sign in',
    transport: null,
    protocolVersion: null,
    tools: [],
    prompts: [],
    resources: [],
    enabled: true,
    oauth: { connected: false, clientIdConfigured: true, ...oauth },
  };
  render(
    <QueryClientProvider client={known}>
      <SignInSteps server={server} />
    </QueryClientProvider>,
  );
}

test('a link that waits is followed in a new window, which knows nothing of this one', () => {
  show({ authorizationUrl: 'https://login.example/authorize?x=1' });
  const link = screen.getByRole('link', { name: 'Sign in to lab' });
  expect(link.getAttribute('href')).toBe('https://login.example/authorize?x=1');
  expect(link.getAttribute('rel')).toBe('noopener noreferrer');
  expect(screen.getByText(/You sign in at login.example/)).toBeTruthy();
});

test('a link that would run a script is shown as text', () => {
  show({ authorizationUrl: 'javascript:alert(1)', userCode: 'AB-CD', verificationUri: 'javascript:alert(2)' });
  expect(document.querySelector('a')).toBeNull();
  expect(screen.getByText('javascript:alert(1)')).toBeTruthy();
});

test('a link that has ended is made anew', () => {
  show({ authorizationUrl: 'https://login.example/authorize', linkExpiresAt: '2020-01-01T00:00:00Z' });
  expect(screen.queryByRole('link', { name: 'Sign in to lab' })).toBeNull();
  expect(screen.getByRole('button', { name: 'Sign in to lab' })).toBeTruthy();
});
