// Where the focus goes when a dialog closes, and of which answer a refusal is.

import { render, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { useState } from 'react';
import { expect, test } from 'vitest';
import { Confirm, Dialog } from './dialog';

/** A row that opens a dialog, and leaves the list meanwhile. */
function Rows() {
  const [open, setOpen] = useState(false);
  const [gone, setGone] = useState(false);
  return (
    <main>
      <h1 tabIndex={-1}>Calls</h1>
      {!gone && <button onClick={() => setOpen(true)}>a call</button>}
      <Dialog open={open} onClose={() => setOpen(false)} title="a call">
        <button onClick={() => setGone(true)}>others come</button>
      </Dialog>
    </main>
  );
}

test('the focus goes back to what opened a dialog, and to the heading of the page where that is gone', async () => {
  render(<Rows />);
  const row = screen.getByRole('button', { name: 'a call' });
  for (const others of [false, true]) {
    await userEvent.click(row);
    if (others) await userEvent.click(screen.getByRole('button', { name: 'others come' }));
    await userEvent.keyboard('{Escape}');
    await waitFor(() => expect(document.activeElement).toBe(others ? screen.getByRole('heading', { name: 'Calls' }) : row));
  }
});

function Question() {
  const [open, setOpen] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  return (
    <>
      <button onClick={() => setOpen(true)}>ask</button>
      <Confirm open={open} onClose={() => setOpen(false)} title="Sure?" lead="It is gone then." word="Yes" busy={false} error={error} onYes={() => setError(new Error('the hub refused'))} />
    </>
  );
}

test('a refusal is shown of the answer that was given, and not when the question is asked again', async () => {
  render(<Question />);
  for (let time = 0; time < 2; time += 1) {
    await userEvent.click(screen.getByRole('button', { name: 'ask' }));
    expect(screen.queryByText('the hub refused')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Yes' }));
    expect(screen.getByText('the hub refused')).toBeTruthy();
    await userEvent.click(screen.getByRole('button', { name: 'Cancel' }));
  }
});
