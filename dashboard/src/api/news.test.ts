// What one event changes of what is known.

import { QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { keys } from './keys';
import { News, withEntry, withServer } from './news';
import type { Entry, Server, Servers } from './shape';
import { Cutter } from './stream';

function server(name: string, status: Server['status']): Server {
  return { name, status, error: null, reason: null, action: null, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, oauth: { connected: false, clientIdConfigured: false } };
}

function entry(time: string, decision: string): Entry {
  return { time, server: 'lab', stage: 'discovery', decision };
}

function answering(told: unknown) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (request: Request) => {
    asked.push(new URL(request.url).pathname);
    return Promise.resolve(new Response(JSON.stringify({ success: true, data: told }), { headers: { 'content-type': 'application/json' } }));
  });
  return asked;
}

test('an entry is added to its journal, and its server is read once for all that happens in a moment', async () => {
  vi.useFakeTimers();
  const asked = answering(server('lab', 'connected'));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [server('lab', 'oauth_required'), server('other', 'connected')] });
  known.setQueryData<Entry[]>(keys.journal('lab'), []);
  const news = new News(known);
  for (const decision of ['one', 'two', 'three']) news.hear({ event: 'journal', data: JSON.stringify(entry('2026-01-01T00:00:01.000Z', decision)) });
  await vi.advanceTimersByTimeAsync(1_000);
  vi.useRealTimers();
  expect(known.getQueryData<Entry[]>(keys.journal('lab'))?.map((it) => it.decision)).toEqual(['one', 'two', 'three']);
  expect(asked).toEqual(['/api/servers/lab']);
  expect(known.getQueryData<Servers>(keys.servers)?.data.map((it) => it.status)).toEqual(['connected', 'connected']);
});

test('what is no event of ours changes nothing', () => {
  const known = new QueryClient();
  known.setQueryData<Entry[]>(keys.journal('lab'), []);
  const news = new News(known);
  news.hear({ event: 'journal', data: 'no json' });
  news.hear({ event: 'journal', data: '"text"' });
  news.hear({ event: 'other', data: JSON.stringify(entry('1', 'x')) });
  expect(known.getQueryData(keys.journal('lab'))).toEqual([]);
});

test('after lost events everything that is shown is read again', () => {
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [] });
  new News(known).hear({ event: 'lost', data: '7' });
  expect(known.getQueryState(keys.servers)?.isInvalidated).toBe(true);
});

test('a journal is told in the order of time, each entry once, and is bounded', () => {
  const [one, two, three] = [entry('1', 'a'), entry('2', 'b'), entry('3', 'c')];
  expect(withEntry([one, three], two)).toEqual([one, two, three]);
  expect(withEntry([one, two], two)).toEqual([one, two]);
  const many = Array.from({ length: 200 }, (_, place) => entry(String(1000 + place), String(place)));
  expect(withEntry(many, entry('9999', 'last'))).toHaveLength(200);
});

test('a server that is new comes behind the others', () => {
  const servers = withServer({ data: [server('a', 'connected')] }, server('b', 'connecting'));
  expect(servers.data.map((it) => it.name)).toEqual(['a', 'b']);
});

test('events are read whatever pieces they come in', () => {
  const stream = ': hello\n\nevent: journal\ndata: {"a":1}\n\ndata: one\r\ndata: two\r\n\r\n';
  for (const size of [1, 3, 7, 100]) {
    const cutter = new Cutter();
    const told = stream.match(new RegExp(`[^]{1,${size}}`, 'g'))?.flatMap((piece) => cutter.take(piece));
    expect(told, `pieces of ${size}`).toEqual([
      { event: 'journal', data: '{"a":1}' },
      { event: 'message', data: 'one\ntwo' },
    ]);
  }
});
