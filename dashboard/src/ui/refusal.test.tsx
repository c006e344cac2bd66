// What the hub refuses is explained in its five lines, where it has them, and leads to the page of its number and nowhere else.

import { render, screen } from '@testing-library/react';
import { expect, test } from 'vitest';
import { Refusal } from '../api/ask';
import { RefusalNotice } from './refusal';

const explained = { headline: 'sign-in needed', code: 'MCPHUB-AUTH-001', word: 'sign-in-needed', whatHappened: 'Nobody is signed in.', why: 'Never signed in.', do: 'Sign in.', command: 'mcphub auth login lab', meanwhile: '2 calls wait.' };

test('a refusal that is explained says its lines, the command and the number', () => {
  render(<RefusalNotice error={new Refusal('lab: never signed in', 409, 'sign_in_needed', { explained, errorCode: 'MCPHUB-AUTH-001' })} />);
  for (const text of ['What happened', 'Nobody is signed in.', 'Why', 'Do', 'Sign in.', 'mcphub auth login lab', 'Meanwhile', '2 calls wait.']) expect(screen.getByText(text), text).toBeTruthy();
  expect(screen.queryByText('Evidence')).toBeNull();
  expect(screen.getByRole('link', { name: 'MCPHUB-AUTH-001' }).getAttribute('href')).toMatch(/\/errors\/MCPHUB-AUTH-001$/);
});

test('without the lines a refusal says its message and what helps', () => {
  render(<RefusalNotice error={new Refusal('no such group', 404, undefined, { action: 'see the list', errorCode: 'MCPHUB-REQ-004', explained: { headline: 'half of it' } })} />);
  expect(screen.getByText('no such group')).toBeTruthy();
  expect(screen.getByText('What helps: see the list')).toBeTruthy();
});

test('that the page goes on by itself is said only where it does', () => {
  const silent = new Refusal('fetch failed', 0, 'unreachable');
  const { unmount } = render(<RefusalNotice error={silent} again={() => {}} />);
  expect(screen.getByText(/^It is not running/)).toBeTruthy();
  expect(screen.queryByText(/goes on by itself/)).toBeNull();
  unmount();
  render(<RefusalNotice goesOn error={silent} />);
  expect(screen.getByText(/goes on by itself/)).toBeTruthy();
});

test('what is no number of an error leads nowhere', () => {
  for (const errorCode of ['../../evil', 'javascript:alert(1)', 'MCPHUB-AUTH-001/../x']) {
    const { container, unmount } = render(<RefusalNotice error={new Refusal('x', 500, undefined, { errorCode })} />);
    expect(container.querySelector('a'), errorCode).toBeNull();
    unmount();
  }
});
