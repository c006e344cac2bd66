// A user of a name of which the settings speak already is made once somebody says that he is the one.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';
import type { JsonMap } from '../../api/shape';
import { MakeUser } from './dialogs';

const SAME = 'This is the same person: give him what stands under this name';

/** A hub that refuses with these members until it is told to take over; gives what was sent. */
function hub(refusal: JsonMap) {
  const sent: JsonMap[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const wish = (await request.json()) as JsonMap;
    sent.push(wish);
    const made = Response.json({ success: true, data: { username: wish['username'], isAdmin: false } }, { status: 201 });
    return wish['takeOver'] === true ? made : Response.json({ success: false, message: 'somebody of that name', ...refusal }, { status: 409 });
  });
  return sent;
}

async function show(onClose = () => {}) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MakeUser onClose={onClose} />
    </QueryClientProvider>,
  );
  await userEvent.type(screen.getByLabelText('Name'), 'eve');
  await userEvent.type(screen.getByLabelText('Password'), 'a long one');
}

const make = () => userEvent.click(screen.getByRole('button', { name: 'Make a user' }));

test('a name that the settings know is taken over once it is ticked that he is the one', async () => {
  const sent = hub({ code: 'name_left' });
  const onClose = vi.fn();
  await show(onClose);
  expect(screen.queryByLabelText(SAME)).toBeNull();
  await make();
  await userEvent.click(await screen.findByLabelText(SAME));
  await make();
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce());
  const user = { username: 'eve', password: 'a long one', isAdmin: false };
  expect(sent).toEqual([user, { ...user, takeOver: true }]);
});

test('words for programs are not shown to who has a tick to set: it is said what stands under the name, and what to do', async () => {
  hub({ code: 'name_left', leftBy: 'key', leftAt: 'ci', message: 'send "takeOver": true if he is the one' });
  await show();
  await make();
  const said = (await screen.findByRole('alert')).textContent;
  expect(said).toContain('The key “ci” belongs to somebody of this name.');
  expect(said).toContain('tick below if he is the same person');
  expect(said).not.toContain('takeOver');
  // It is not said of another name, for which there is no tick either.
  await userEvent.type(screen.getByLabelText('Name'), 'lyn');
  expect(screen.queryByRole('alert')).toBeNull();
});

test.each<[JsonMap, string]>([
  [{ leftBy: 'token' }, 'A program was let in by somebody of this name.'],
  [{ leftBy: 'group', leftAt: 'sales' }, 'The group “sales” belongs to'],
  [{ leftBy: 'something new', leftAt: 'x' }, 'The settings know somebody of this name.'],
  [{}, 'The settings know somebody of this name.'],
])('what stands under a name is told as far as the hub says it (%o)', async (more, words) => {
  hub({ code: 'name_left', ...more });
  await show();
  await make();
  expect((await screen.findByRole('alert')).textContent).toContain(words);
});

test('what was ticked for one name is not said of another', async () => {
  const sent = hub({ code: 'name_left' });
  await show();
  await make();
  await userEvent.click(await screen.findByLabelText(SAME));
  await userEvent.type(screen.getByLabelText('Name'), 'lyn');
  expect(screen.queryByLabelText(SAME)).toBeNull();
  await make();
  await waitFor(() => expect(sent).toHaveLength(2));
  expect(sent[1]).toEqual({ username: 'evelyn', password: 'a long one', isAdmin: false });
});

test.each<JsonMap>([{ code: 'name_taken' }, {}])('a name that is taken in another way (%o) is not offered', async (refusal) => {
  hub(refusal);
  await show();
  await make();
  await screen.findByText('somebody of that name');
  expect(screen.queryByLabelText(SAME)).toBeNull();
});
