// Pages that must not say what is not so: of another server, of what could not be read, or of a hub that is away.

import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { act, configure, render, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { known } from '../api/hooks';
import { router } from '../router';

// Each page is loaded when it is first shown.
configure({ asyncUtilTimeout: 10_000 });

const server = (name: string) => ({ name, status: 'connected', error: null, reason: null, action: null, transport: 'streamable-http', protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, config: { url: 'https://a.test/mcp' }, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: false, clientIdConfigured: false } });
const line = (name: string) => ({ time: '2026-01-01T00:00:00.000Z', server: name, stage: 'discovery', decision: `what ${name} said` });
const refused = () => Response.json({ success: false, message: 'the journal is away' }, { status: 500 });

/** A page of a hub that has these answers more, and two servers. */
function open(address: string, more: Record<string, () => Response> = {}) {
  vi.stubGlobal('scrollTo', () => {});
  const answers: Record<string, () => Response> = {
    '/api/auth/user': () => Response.json({ success: true, user: { username: 'ada', isAdmin: true } }),
    '/api/servers': () => Response.json({ success: true, data: ['one', 'two'].map(server) }),
    ...Object.fromEntries(['one', 'two'].map((name) => [`/api/servers/${name}/oauth/journal`, () => Response.json({ success: true, data: [line(name)] })])),
    ...more,
  };
  vi.stubGlobal('fetch', (asked: Request | string) => {
    const answer = answers[new URL(asked instanceof Request ? asked.url : asked).pathname];
    return answer === undefined ? new Promise(() => {}) : Promise.resolve(answer());
  });
  known.clear();
  render(
    <QueryClientProvider client={known}>
      <RouterProvider router={router} />
    </QueryClientProvider>,
  );
  act(() => router.history.replace(address));
}

test('a journal that is held shows nothing of one server under the name of another', async () => {
  open('/journal');
  await screen.findByText('what one said');
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Server' }), 'one');
  await userEvent.click(screen.getByRole('button', { name: 'Hold' }));
  await userEvent.selectOptions(screen.getByRole('combobox', { name: 'Server' }), 'two');
  expect(await screen.findByText('what two said')).toBeTruthy();
  expect(screen.queryByText('what one said')).toBeNull();
  expect(screen.getByRole('button', { name: 'Hold' })).toBeTruthy();
});

test('a journal of a server that is gone is not said to be of all servers', async () => {
  open('/journal?server=gone');
  await waitFor(() => expect(screen.getByRole<HTMLSelectElement>('combobox', { name: 'Server' }).value).toBe('gone'));
});

test('journals that could not be read are not said to be empty', async () => {
  open('/', Object.fromEntries(['one', 'two'].map((name) => [`/api/servers/${name}/oauth/journal`, refused])));
  expect(await screen.findByText('the journal is away')).toBeTruthy();
  expect(screen.queryByText('Nothing has happened yet')).toBeNull();
});

test('the settings of a server that are being written stay while another of its tabs is looked at', async () => {
  open('/server?name=one&tab=settings');
  const text = await screen.findByRole('textbox', { name: 'Settings as JSON' });
  await userEvent.type(text, ' ');
  await userEvent.click(screen.getByRole('tab', { name: /^Tools/ }));
  await screen.findByText(/tools/, { selector: 'p' });
  await userEvent.click(screen.getByRole('tab', { name: 'Settings' }));
  expect((await screen.findByRole<HTMLTextAreaElement>('textbox', { name: 'Settings as JSON' })).value).toMatch(/} $/);
});

test('that a page is not live is said where the menu is closed, too', async () => {
  open('/', { '/api/events': refused });
  await waitFor(() => expect(within(screen.getAllByRole('banner')[0] as HTMLElement).getByText('Not live; trying again')).toBeTruthy());
});

test('a sign-in that was made before the hub was started is not said to be none', async () => {
  const signedIn = { ...server('one'), identity: { tokens: 'per_user', username: 'ada', maySignIn: true }, oauth: { connected: true, clientIdConfigured: true, issuer: 'https://login.test' } };
  const answers = { '/api/servers': { success: true, data: [signedIn] }, '/api/servers/one/oauth/journal': { success: true, data: [] } };
  open('/server?name=one&tab=sign-in', Object.fromEntries(Object.entries(answers).map(([path, answer]) => [path, () => Response.json(answer)])));
  expect(await screen.findByText('https://login.test')).toBeTruthy();
  expect(screen.getByText('Each user acts as himself here; you act as ada.')).toBeTruthy();
  expect(screen.getByText('The steps of this sign-in were told to an earlier run of the hub')).toBeTruthy();
});
