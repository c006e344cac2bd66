// What a prompt is asked with, and what is shown of what comes back.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import type { ReactNode } from 'react';
import { expect, test, vi } from 'vitest';
import type { Server } from '../../api/shape';
import { TryPrompt, TryResource } from './tries';

const server: Server = { name: 'lab', status: 'connected', error: null, reason: null, action: null, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: false, clientIdConfigured: false } };

function answering(status: number, body: unknown) {
  const asked: [string, unknown][] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    asked.push([new URL(request.url).pathname, await request.json()]);
    return Response.json(body, { status });
  });
  return asked;
}

const shown = (page: ReactNode) => render(<QueryClientProvider client={new QueryClient()}>{page}</QueryClientProvider>);

test('a prompt is asked with what was filled in, and each message is shown with who says it', async () => {
  const messages = [
    { role: 'user', content: { type: 'text', text: 'Hello <b>you</b>' } },
    { role: 'assistant', content: { type: 'image', data: 'AAAA', mimeType: 'image/png' } },
  ];
  const asked = answering(200, { success: true, data: { description: 'A greeting', messages } });
  shown(<TryPrompt server={server} prompt={{ name: 'lab-greet', enabled: true, arguments: [{ name: 'who', required: true }, { name: 'how' }] }} />);
  await userEvent.type(screen.getByLabelText('who'), 'you');
  await userEvent.click(screen.getByText('Get the prompt'));
  expect(await screen.findByText('Hello <b>you</b>')).toBeDefined();
  expect(screen.getByText('Assistant')).toBeDefined();
  expect(screen.getByAltText('Picture from the server')).toBeDefined();
  expect(asked).toEqual([['/api/mcp/lab/prompts/lab-greet', { arguments: { who: 'you' } }]]);
});

test('what a resource holds is shown as text, as a picture, or named', async () => {
  const contents = [
    { uri: 'a://1', text: 'its text' },
    { uri: 'a://2', mimeType: 'image/png', blob: 'AAAA' },
    { uri: 'a://3', mimeType: 'application/zip', blob: 'AAAA' },
  ];
  const asked = answering(200, { success: true, data: { contents } });
  shown(<TryResource server={server} resource={{ uri: 'a://1', enabled: true }} />);
  await userEvent.click(screen.getByText('Read it'));
  expect(await screen.findByText('its text')).toBeDefined();
  expect(screen.getByAltText('Picture from the server')).toBeDefined();
  expect(screen.getByText(/a:\/\/3 · application\/zip, 3 bytes/)).toBeDefined();
  expect(asked).toEqual([['/api/resources/read', { uri: 'a://1', server: 'lab' }]]);
});

test('a sign-in that is needed can be begun where it was met', async () => {
  answering(409, { success: false, message: 'lab: sign in', code: 'sign_in_needed', authorizationUrl: 'https://as.test/authorize' });
  shown(<TryResource server={server} resource={{ uri: 'a://1', enabled: true }} />);
  await userEvent.click(screen.getByText('Read it'));
  expect((await screen.findByText<HTMLAnchorElement>('Sign in')).href).toBe('https://as.test/authorize');
});

const map = { a: 1 };

test('a prompt that answers in any shape breaks nothing', async () => {
  for (const data of [null, map, { description: map, messages: map }, { description: 1, messages: [null, 7, { role: map }, { role: 'user', content: map }, { content: [null] }] }]) {
    answering(200, { success: true, data });
    const { container, unmount } = shown(<TryPrompt server={server} prompt={{ name: 'lab-greet', enabled: true }} />);
    await userEvent.click(screen.getByText('Get the prompt'));
    await waitFor(() => expect(container.querySelector('[aria-live]')?.textContent).not.toBe(''));
    expect(screen.queryByRole('alert')).toBeNull();
    unmount();
  }
});

test('a resource that answers in any shape breaks nothing', async () => {
  for (const data of [null, { contents: map }, { contents: [null, 7, map, { uri: map, text: map }, { uri: 1, blob: map, mimeType: map }] }]) {
    answering(200, { success: true, data });
    const { container, unmount } = shown(<TryResource server={server} resource={{ uri: 'a://1', enabled: true }} />);
    await userEvent.click(screen.getByText('Read it'));
    await waitFor(() => expect(container.querySelector('[aria-live].flex-col')?.textContent).not.toBe(''));
    expect(screen.queryByRole('alert')).toBeNull();
    unmount();
  }
});
