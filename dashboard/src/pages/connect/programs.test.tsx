// Who was let in is told with by whom and for what, and is ended by a word and a second one.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Program } from '../../api/shape';
import { Programs } from './programs';

const program = (more: Partial<Program>): Program => ({ clientId: 'one', name: 'Claude', redirectUris: ['http://127.0.0.1/cb'], grants: [], letIn: [], ...more });

/** A hub that has let these in; gives the addresses at which something was deleted. */
function hub(clients: Program[], refuses = false) {
  const deleted: string[] = [];
  let left = clients;
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname } = new URL(request.url);
    if (request.method !== 'DELETE') return Promise.resolve(Response.json({ success: true, clients: left }));
    deleted.push(pathname);
    if (refuses) return Promise.resolve(Response.json({ success: false, message: 'the file is broken' }, { status: 500 }));
    left = left.filter((it) => !pathname.endsWith(`/${encodeURIComponent(it.clientId)}`));
    return Promise.resolve(Response.json({ success: true }));
  });
  return deleted;
}

function show() {
  const known = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={known}>
      <Programs />
    </QueryClientProvider>,
  );
}

const rows = async () => (await screen.findAllByRole('button', { name: /^Take out/ })).map((button) => button.closest('li')?.textContent);

test('a program is told with its id, where it is answered, and what whoever let it in agreed to', async () => {
  const letIn = [
    { user: 'ada', agreedAt: '2026-11-28T10:00:00Z', scopes: ['read'], resource: '/mcp', opensApi: false },
    { user: 'bob', scopes: ['read'], resource: '/mcp/team', opensApi: false },
    { user: 'cyd', scopes: ['read'], resource: '/api', opensApi: true },
    { user: 'dee', scopes: ['read', 'write'], resource: '/api', opensApi: true },
  ];
  hub([program({ letIn, registeredAt: '2026-11-28T10:00:00Z' }), program({ clientId: 'two', name: 'Cursor' }), program({ clientId: 'https://a.test/c.json', name: 'https://a.test/c.json', redirectUris: [], isDocument: true })]);
  show();
  const [claude, cursor, document] = await rows();
  for (const part of ['Claude', 'Idone', 'Answered athttp://127.0.0.1/cb', 'Registered']) expect(claude).toContain(part);
  expect(claude).toMatch(/By ada, .*2026.*: may use all servers that this user may use/);
  expect(claude).toContain('By bob: may use what is at /mcp/team');
  expect(claude).toContain('By cyd: may see in the hub’s settings');
  expect(claude).toContain('By dee: may see and change in the hub’s settings');
  expect(cursor).toContain('It opens nothing now.');
  expect(document).toMatch(/^https:\/\/a.test\/c.json.*Known by the address of its own document/);
  expect(document).not.toContain('Answered at');
});

test('a program is taken out once it is said again, and what ends is said before', async () => {
  const deleted = hub([program({ clientId: 'https://a.test/c.json', name: 'Claude' }), program({ clientId: 'two', name: 'Cursor' })]);
  show();
  await userEvent.click(await screen.findByRole('button', { name: /^Take out Claude,/ }));
  const dialog = await screen.findByRole('dialog', { name: 'Take this program out?' });
  for (const part of ['Claude', 'tokens', 'open streams end at once', 'may ask again']) expect(dialog.textContent).toContain(part);
  await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  expect(deleted).toEqual([]);
  await userEvent.click(screen.getByRole('button', { name: /^Take out Claude,/ }));
  await userEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'Take out' }));
  await waitFor(async () => expect(await rows()).toEqual([expect.stringContaining('Cursor')]));
  expect(screen.queryByRole('dialog')).toBeNull();
  expect(deleted).toEqual(['/api/oauth/clients/https%3A%2F%2Fa.test%2Fc.json']);
});

test('of two that call themselves alike, each is told by its id before it is taken out', async () => {
  const deleted = hub([program({}), program({ clientId: 'two' })]);
  show();
  await userEvent.click(await screen.findByRole('button', { name: 'Take out Claude, id two' }));
  const dialog = await screen.findByRole('dialog');
  within(dialog).getByText((_, it) => it?.tagName === 'P' && it.textContent === 'Id two');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Take out' }));
  await waitFor(() => expect(deleted).toEqual(['/api/oauth/clients/two']));
});

test('a program that could not be taken out stays, and why is said where it was asked', async () => {
  hub([program({})], true);
  show();
  await userEvent.click(await screen.findByRole('button', { name: 'Take out Claude, id one' }));
  const dialog = await screen.findByRole('dialog');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Take out' }));
  await within(dialog).findByText('the file is broken');
  await userEvent.click(within(dialog).getByRole('button', { name: 'Cancel' }));
  expect(await rows()).toHaveLength(1);
});

test('where nobody was let in, it is said how a program comes to be', async () => {
  hub([]);
  show();
  await screen.findByText('No program was let in');
  await screen.findByText(/opens a page of the hub, on which a user lets it in/);
});

test('what a stranger calls itself turns no other word around', async () => {
  const name = '\u202egnihtemos';
  hub([program({ name })]);
  show();
  const shown = await screen.findByText(name);
  expect(shown.tagName).toBe('BDI');
  await userEvent.click(screen.getByRole('button', { name: /^Take out/ }));
  const dialog = await screen.findByRole('dialog');
  expect(within(dialog).getByText(name).tagName).toBe('BDI');
  expect(within(dialog).getByRole('heading').textContent).toBe('Take this program out?');
});
