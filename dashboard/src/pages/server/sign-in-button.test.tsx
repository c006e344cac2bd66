// The link is a server's word: it leads to a login server, or nowhere.

import { QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { afterEach, expect, test, vi } from 'vitest';
import { known } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { SignInSteps } from './sign-in-steps';

afterEach(() => vi.restoreAllMocks());

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
    identity: { tokens: 'shared', maySignIn: true },
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

/** A window as the browser opens it, and the hub that answers when it is told to. */
function clicked() {
  const window = { opener: globalThis as unknown, document: { title: '', body: { textContent: '' } }, location: { replace: vi.fn() }, close: vi.fn() };
  const open = vi.spyOn(globalThis, 'open').mockReturnValue(window as unknown as Window);
  let answer: (response: Response) => void = () => {};
  vi.spyOn(globalThis, 'fetch').mockImplementation(() => new Promise((resolve) => (answer = resolve)));
  return { window, open, answer: (status: number, body: object) => answer(new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })) };
}

const link = (authorizationUrl: string) => ({ success: true, data: { authorizationUrl, shortUrl: 'http://localhost/c/x', expiresAt: '2999-01-01T00:00:00Z' } });

test('one click opens the window at once, without an opener, and the link follows', async () => {
  const { window, open, answer } = clicked();
  show({});
  await userEvent.click(screen.getByRole('button', { name: 'Sign in to lab' }));
  expect(open).toHaveBeenCalledExactlyOnceWith('about:blank', '_blank');
  expect(window.opener).toBeNull();
  expect(window.document.body.textContent).toContain('lab');
  expect(window.location.replace).not.toHaveBeenCalled();
  answer(200, link('https://login.example/authorize'));
  await vi.waitFor(() => expect(window.location.replace).toHaveBeenCalledExactlyOnceWith('https://login.example/authorize'));
  expect(window.close).not.toHaveBeenCalled();
});

test('the window is closed when there is no link, and why is said', async () => {
  const { window, answer } = clicked();
  show({});
  await userEvent.click(screen.getByRole('button', { name: 'Sign in to lab' }));
  answer(409, { success: false, message: 'the login server is away' });
  expect(await screen.findByText('the login server is away')).toBeTruthy();
  expect(window.close).toHaveBeenCalled();
  expect(window.location.replace).not.toHaveBeenCalled();
});

test('a window is not led to a link that would run a script', async () => {
  const { window, answer } = clicked();
  show({});
  await userEvent.click(screen.getByRole('button', { name: 'Sign in to lab' }));
  answer(200, link('javascript:alert(1)'));
  await vi.waitFor(() => expect(window.close).toHaveBeenCalled());
  expect(window.location.replace).not.toHaveBeenCalled();
});
