// What somebody types stays his, and what was kept is said.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { fireEvent, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import { keys } from '../../api/keys';
import type { JsonMap } from '../../api/shape';
import { Settings } from './settings';
import { Usual } from './usual';
import { Whole } from './whole';

type Form = typeof Usual;

/** The form, and a way to have somebody else change the settings. */
function show(Form: Form, written: JsonMap) {
  const client = new QueryClient();
  const page = (settings: JsonMap) => (
    <QueryClientProvider client={client}>
      <Form written={settings} />
    </QueryClientProvider>
  );
  const { rerender } = render(page(written));
  return (settings: JsonMap) => rerender(page(settings));
}

function answering(settings: JsonMap): JsonMap[] {
  const sent: JsonMap[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push((await request.json()) as JsonMap);
    return new Response(JSON.stringify({ success: true, data: settings }), { headers: { 'content-type': 'application/json' } });
  });
  return sent;
}

const field = (label: string) => screen.getByLabelText<HTMLInputElement>(label);

test('what is being typed stays when somebody else changes the settings, and only that is sent', async () => {
  const sent = answering({ nameSeparator: '--', install: { baseUrl: 'https://hub.example' } });
  const elsewhere = show(Usual, { nameSeparator: '-' });
  await userEvent.type(field('Between server and tool'), '-');
  elsewhere({ nameSeparator: '-', install: { baseUrl: 'https://hub.example' } });
  expect(field('Between server and tool').value).toBe('--');
  expect(field('Public address').value).toBe('https://hub.example');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(sent).toEqual([{ nameSeparator: '--' }]);
});

test('it is said that it was saved, and the focus stays on the button', async () => {
  const settings = { nameSeparator: '--' };
  const sent = answering(settings);
  const elsewhere = show(Usual, {});
  await userEvent.type(field('Between server and tool'), '--');
  const save = screen.getByRole('button', { name: 'Save' });
  await userEvent.click(save);
  elsewhere(settings);
  expect((await screen.findByText('Saved.')).getAttribute('role')).toBe('status');
  expect(document.activeElement).toBe(save);
  expect(save.getAttribute('aria-disabled')).toBe('true');
  await userEvent.click(save);
  expect(sent).toHaveLength(1);
});

test('the JSON that is being written is compared with what it began as, so that what others changed stays', async () => {
  const sent = answering({});
  const elsewhere = show(Whole, { nameSeparator: '-' });
  fireEvent.change(field('systemConfig'), { target: { value: '{"nameSeparator":"_"}' } });
  elsewhere({ nameSeparator: '-', enableSessionRebuild: true });
  expect(field('systemConfig').value).toBe('{"nameSeparator":"_"}');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(sent).toEqual([{ nameSeparator: '_' }]);
});

test('what is typed into the JSON while a save is on its way is measured against what was sent', async () => {
  const sent: JsonMap[] = [];
  let answer = () => {};
  vi.stubGlobal('fetch', async (request: Request) => {
    sent.push((await request.json()) as JsonMap);
    return new Promise((told) => (answer = () => told(Response.json({ success: true, data: {} }))));
  });
  const elsewhere = show(Whole, { nameSeparator: '-' });
  const write = (settings: JsonMap) => fireEvent.change(field('systemConfig'), { target: { value: JSON.stringify(settings) } });
  const save = screen.getByRole('button', { name: 'Save' });
  write({ nameSeparator: '_' });
  await userEvent.click(save);
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  write({ nameSeparator: '_', enableSessionRebuild: true });
  answer();
  await vi.waitFor(() => expect(save.getAttribute('aria-busy')).toBeNull());
  elsewhere({ nameSeparator: '__' });
  await userEvent.click(save);
  await vi.waitFor(() => expect(sent[1]).toEqual({ enableSessionRebuild: true }));
});

test('what is typed stays while another tab is looked at', async () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } });
  client.setQueryData(keys.settings, { nameSeparator: '-' });
  vi.stubGlobal('fetch', () => new Promise(() => {}));
  render(
    <QueryClientProvider client={client}>
      <Settings />
    </QueryClientProvider>,
  );
  const open = (name: string) => userEvent.click(screen.getByRole('tab', { name }));
  await userEvent.type(field('Between server and tool'), '-');
  await open('JSON');
  expect(screen.queryByRole('textbox', { name: 'Between server and tool' })).toBeNull();
  fireEvent.change(screen.getByRole('textbox', { name: 'systemConfig' }), { target: { value: '{"mine":1}' } });
  await open('Usual');
  expect(screen.getByRole<HTMLInputElement>('textbox', { name: 'Between server and tool' }).value).toBe('--');
  await open('JSON');
  expect(screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'systemConfig' }).value).toBe('{"mine":1}');
});

test('JSON that is none is said when the field is left', () => {
  show(Whole, {});
  fireEvent.change(field('systemConfig'), { target: { value: '{' } });
  fireEvent.blur(field('systemConfig'));
  expect(screen.getByRole('alert').textContent).toBe('This is no JSON object.');
});
