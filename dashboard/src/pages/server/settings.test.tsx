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

/** With two users, and what was sent. */
function hubWithUsers() {
  const { sent } = hub();
  const change = globalThis.fetch as unknown as (request: Request) => Promise<Response>;
  const users = [{ username: 'bob', isAdmin: false }, { username: 'eve', isAdmin: false }];
  vi.stubGlobal('fetch', (request: Request) => (request.url.endsWith('/api/users') ? Promise.resolve(Response.json({ success: true, data: users })) : change(request)));
  return sent;
}

const radio = (name: string) => screen.getByRole<HTMLInputElement>('radio', { name });
const box = (name: string) => screen.findByRole<HTMLInputElement>('checkbox', { name });
const drafted = () => JSON.parse(field().value) as JsonMap;

test('who may use it and the JSON are one draft: each says what the other does', async () => {
  const sent = hubWithUsers();
  show({ url: 'https://a.test', owner: 'kim' });
  expect(screen.getByText('It belongs to kim.')).toBeTruthy();
  expect(radio('Only its owner and administrators').checked).toBe(true);
  await userEvent.click(radio('These users'));
  await userEvent.click(await box('eve'));
  expect(drafted()).toEqual({ url: 'https://a.test', owner: 'kim', visibility: 'group', sharedWithUsers: ['eve'] });
  write({ url: 'https://b.test', owner: 'lin', visibility: 'group', sharedWithUsers: ['bob', 'gone'] });
  expect((await box('eve')).checked).toBe(false);
  expect((await box('bob')).checked).toBe(true);
  expect(screen.getByText('It belongs to lin.')).toBeTruthy();
  await userEvent.click(await box('gone'));
  await save();
  await waitFor(() => expect(sent).toEqual([{ config: { url: 'https://b.test', owner: 'lin', visibility: 'group', sharedWithUsers: ['bob'] } }]));
});

test('who takes his choice back has nothing to save', async () => {
  hubWithUsers();
  show({ url: 'https://a.test' });
  const button = screen.getByRole<HTMLButtonElement>('button', { name: 'Save' });
  await userEvent.click(radio('Every user'));
  expect(button.disabled).toBe(false);
  await userEvent.click(radio('Only its owner and administrators'));
  expect(drafted()).toEqual({ url: 'https://a.test' });
  expect(button.disabled).toBe(true);
});

test('while the JSON cannot be read nothing is chosen beside it, and nothing that was typed is lost', async () => {
  hubWithUsers();
  show({ url: 'https://a.test', visibility: 'public' });
  fireEvent.change(field(), { target: { value: '{"url": "https://b.test",' } });
  expect(screen.getByText('First the settings below must be a JSON object again.')).toBeTruthy();
  expect(radio('Every user').checked).toBe(true);
  await userEvent.click(radio('These users'));
  expect(field().value).toBe('{"url": "https://b.test",');
  fireEvent.change(field(), { target: { value: '{"url": "https://b.test"}' } });
  expect(radio('Only its owner and administrators').checked).toBe(true);
  await userEvent.click(radio('Every user'));
  expect(drafted()).toEqual({ url: 'https://b.test', visibility: 'public' });
});

test('what was taken out of the JSON is sent as shared with nobody: the hub keeps what is not sent', async () => {
  const sent = hubWithUsers();
  show({ url: 'https://a.test', visibility: 'group', sharedWithUsers: ['bob'] });
  write({ url: 'https://a.test' });
  expect(radio('Only its owner and administrators').checked).toBe(true);
  await save();
  await waitFor(() => expect(sent).toEqual([{ config: { url: 'https://a.test', visibility: 'private', sharedWithUsers: [] } }]));
});

test('who is no administrator is not asked who may use it', () => {
  hub();
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(keys.user, { username: 'kim', isAdmin: false });
  render(
    <QueryClientProvider client={client}>
      <ServerSettings server={server({ url: 'https://a.test', owner: 'kim' })} />
    </QueryClientProvider>,
  );
  expect(screen.queryByRole('radio')).toBeNull();
});

test('who was taken out elsewhere meanwhile stays out, and who was added stays in', async () => {
  const sent = hubWithUsers();
  const elsewhere = show({ url: 'https://a.test', visibility: 'group', sharedWithUsers: ['bob'] });
  await userEvent.click(await box('eve'));
  elsewhere({ url: 'https://a.test', visibility: 'group', sharedWithUsers: ['kim'] });
  await save();
  await waitFor(() => expect(sent).toEqual([{ config: { url: 'https://a.test', visibility: 'group', sharedWithUsers: ['kim', 'eve'] } }]));
});

test('a word that says for whom it is and that nobody understands is said to count as private, and is mended by saving', async () => {
  const sent = hubWithUsers();
  show({ url: 'https://a.test', visibility: 'everybody' });
  screen.getByText(/“everybody”, is none of these, and counts as the first/);
  expect(radio('Only its owner and administrators').checked).toBe(true);
  await save();
  await waitFor(() => expect(sent).toEqual([{ config: { url: 'https://a.test', visibility: 'private' } }]));
});
