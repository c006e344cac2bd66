// Faults of the form are those of the form that is shown.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { Server, Tool } from '../../api/shape';
import { Playground } from './playground';

const tool: Tool = { name: 'shop-order', enabled: true, inputSchema: { type: 'object', properties: { what: { type: 'string' } }, required: ['what'] } } as Tool;
const server: Server = {
  name: 'shop',
  status: 'connected',
  error: null,
  reason: null,
  action: null,
  transport: null,
  protocolVersion: null,
  tools: [tool],
  prompts: [],
  resources: [],
  enabled: true,
  identity: { tokens: 'shared', maySignIn: true },
  oauth: { connected: false, clientIdConfigured: false },
};

test('what was wrong in the form is not said of the JSON that is called instead', async () => {
  const answer = JSON.stringify({ success: true, data: { content: [{ type: 'text', text: 'ordered' }] } });
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(answer, { status: 200, headers: { 'content-type': 'application/json' } })));
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Playground server={server} tool={tool} />
    </QueryClientProvider>,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Call' }));
  expect(screen.getAllByRole('alert').length).toBeGreaterThan(0);
  await userEvent.click(screen.getByRole('checkbox', { name: 'As JSON' }));
  expect(screen.queryAllByRole('alert')).toEqual([]);
  await userEvent.clear(screen.getByRole('textbox'));
  await userEvent.type(screen.getByRole('textbox'), '{{"what":"tea"}');
  await userEvent.click(screen.getByRole('button', { name: 'Call' }));
  expect(await screen.findByText('ordered')).toBeTruthy();
  expect(screen.queryAllByRole('alert')).toEqual([]);
});
