// Who edits a server's settings changes what he touched, and nothing that others changed meanwhile.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import type { JsonMap, Server } from '../../api/shape';
import { ServerSettings } from './settings';

vi.mock('@tanstack/react-router', async (real) => ({ ...(await real<object>()), useNavigate: () => () => {} }));

const server = (config: JsonMap): Server => ({ name: 'lab', status: 'connected', error: null, reason: null, action: null, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, config, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: false, clientIdConfigured: false } });

/** The form, and a way to have somebody else change the server. */
function show(config: JsonMap) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(keys.user, { username: 'ada', isAdmin: true });
  const form = (config: JsonMap) => (
    <QueryClientProvider client={client}>
      <ServerSettings server={server(config)} />
    </QueryClientProvider>
  );
  const { rerender } = render(form(config));
  return (config: JsonMap) => rerender(form(config));
}

/** What is sent, and how it is answered. */
function hub() {
  const sent: JsonMap[] = [];
  const answers: (() => void)[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method !== 'PUT') return new Promise(() => {});
    const wish = (await request.json()) as JsonMap;
    sent.push(wish);
    return new Promise((answer) => answers.push(() => answer(Response.json({ success: true, data: server(wish['config'] as JsonMap) }))));
  });
  return { sent, answer: () => answers.shift()?.() };
}

const field = () => screen.getByLabelText<HTMLTextAreaElement>('Settings', { exact: false, selector: 'textarea' });
const write = (config: JsonMap) => fireEvent.change(field(), { target: { value: JSON.stringify(config) } });
const save = () => userEvent.click(screen.getByRole('button', { name: 'Save' }));

test('what others changed while somebody edits is sent as they left it', async () => {
  const { sent } = hub();
  const elsewhere = show({ url: 'https://a.test', timeout: 1, env: { ONE: '1', TWO: '2' }, headers: { 'X-A': 'a' } });
  write({ url: 'https://a.test', timeout: 1, env: { ONE: 'one' }, headers: { 'X-A': 'a' } });
  elsewhere({ url: 'https://b.test', env: { ONE: '1', TWO: '2', THREE: '3' }, headers: { 'X-A': 'b' }, enabled: false });
  await save();
  await waitFor(() => expect(sent).toEqual([{ config: { url: 'https://b.test', env: { ONE: 'one', THREE: '3' }, headers: { 'X-A': 'b' }, enabled: false } }]));
});

test('what is typed while a save is on its way is measured against what was sent', async () => {
  const { sent, answer } = hub();
  const elsewhere = show({ url: 'https://a.test', timeout: 1 });
  write({ url: 'https://b.test', timeout: 1 });
  await save();
  await waitFor(() => expect(sent).toHaveLength(1));
  write({ url: 'https://b.test', timeout: 2 });
  answer();
  await waitFor(() => expect(screen.getByRole('button', { name: 'Save' }).getAttribute('aria-busy')).toBeNull());
  elsewhere({ url: 'https://c.test', timeout: 1 });
  expect(field().value).toBe('{"url":"https://b.test","timeout":2}');
  await save();
  await waitFor(() => expect(sent[1]).toEqual({ config: { url: 'https://c.test', timeout: 2 } }));
});
