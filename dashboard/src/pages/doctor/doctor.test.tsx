// What is asked for, how its lines come, and what is shown and copied of them.

import { render, screen } from '@testing-library/react';
import { expect, test, vi } from 'vitest';
import { Refusal } from '../../api/ask';
import type { DoctorLine } from '../../api/shape';
import { Found, whomOf } from './doctor';
import { after, NONE, report, run, type Change, type Examination } from './examination';

const fine: DoctorLine = { part: 'address', verdict: 'ok', code: 'address-found', text: 'a.test is 192.0.2.1' };
const wrong: DoctorLine = {
  part: 'loginServer',
  verdict: 'wrong',
  code: 'issuer-mismatch',
  errorCode: 'MCPHUB-DISC-007',
  text: 'the <b>issuer</b> is another',
  asked: 'GET https://a.test/x',
  came: '200 application/json',
  clause: 'RFC 8414 3.3',
  do: 'set oauth.issuer',
};

const event = (name: string, data: unknown) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

async function examined(response: Response): Promise<{ asked: unknown[]; found: Examination }> {
  const asked: unknown[] = [];
  vi.stubGlobal('fetch', (address: string, { method, body }: RequestInit) => {
    asked.push([new URL(address).pathname, method, JSON.parse(String(body))]);
    return Promise.resolve(response);
  });
  let found = after(NONE, { type: 'begun', wish: { server: 'a' } });
  await run({ server: 'a' }, new AbortController().signal, (change: Change) => (found = after(found, change)));
  return { asked, found };
}

test('an examination is asked for once, and its lines are kept in their order until its end', async () => {
  const { asked, found } = await examined(new Response(event('line', fine) + event('line', wrong) + event('end', { outcome: 'wrong' })));
  expect(asked).toEqual([['/api/doctor', 'POST', { server: 'a' }]]);
  expect(found).toEqual({ of: { server: 'a' }, lines: [fine, wrong], outcome: 'wrong', error: null, under: false });
});

test('one that is refused, or breaks off, says so and keeps the lines it has', async () => {
  const refused = await examined(Response.json({ success: false, message: 'no such server', code: 'not_found' }, { status: 404 }));
  expect(refused.found.error).toMatchObject({ message: 'no such server', status: 404 });
  const broken = await examined(new Response(event('line', fine)));
  expect(broken.found.lines).toEqual([fine]);
  expect(broken.found.error).toBeInstanceOf(Refusal);
  expect(broken.found.under).toBe(false);
});

test('a line that is wrong is told in words, with what showed it, what helps, and the page of its error', () => {
  render(<Found examination={{ ...NONE, of: { server: 'a' }, lines: [fine, wrong], outcome: 'wrong' }} />);
  expect(screen.getByText('One thing is wrong.')).toBeDefined();
  expect(screen.getByText('Wrong')).toBeDefined();
  expect(screen.getByText('What helps: set oauth.issuer')).toBeDefined();
  expect(screen.getByText('GET https://a.test/x')).toBeDefined();
  expect(screen.getByText<HTMLAnchorElement>('MCPHUB-DISC-007').href).toMatch(/\/errors\/MCPHUB-DISC-007$/);
  expect(screen.queryByText('issuer')).toBeNull();
});

test('the report is that of the command line, and an address is told from a name as there', () => {
  expect(report([wrong]).split('\n')).toEqual([
    '[issuer-mismatch] wrong  loginServer   the <b>issuer</b> is another   (RFC 8414 3.3)   MCPHUB-DISC-007',
    '         asked         GET https://a.test/x',
    '         came back     200 application/json',
    '         do            set oauth.issuer',
  ]);
  expect([whomOf('https://a.test'), whomOf('a')]).toEqual([{ url: 'https://a.test' }, { server: 'a' }]);
});
