// What one event changes of what is known.

import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { keys } from './keys';
import { News, withEntry, withServer } from './news';
import type { Entry, Server, Servers } from './shape';
import { Cutter } from './stream';

function server(name: string, status: Server['status']): Server {
  return { name, status, error: null, reason: null, action: null, transport: null, protocolVersion: null, tools: [], prompts: [], resources: [], enabled: true, identity: { tokens: 'shared', maySignIn: true }, oauth: { connected: false, clientIdConfigured: false } };
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
  expect(known.getQueryData<Entry[]>(keys.journal('lab'))?.map((it) => it.decision)).toEqual(['one', 'two', 'three']);
  expect(asked).toEqual(['/api/servers/lab']);
  expect(known.getQueryData<Servers>(keys.servers)?.data.map((it) => it.status)).toEqual(['connected', 'connected']);
});

test('an entry that is heard while its journal is being read is in it, whether or not there was one before, and once', async () => {
  vi.useFakeTimers();
  const answers: (() => void)[] = [];
  const [old, told, both] = [entry('2026-01-01T00:00:01.000Z', 'old'), entry('2026-01-01T00:00:02.000Z', 'told'), entry('2026-01-01T00:00:03.000Z', 'both')];
  vi.stubGlobal('fetch', (request: Request) => {
    if (request.url.endsWith('/api/servers/lab')) return new Promise(() => {});
    return new Promise<Response>((answer) => answers.push(() => answer(Response.json({ success: true, data: [old, both] }))));
  });
  for (const before of [undefined, [old]]) {
    const known = new QueryClient();
    const news = new News(known);
    if (before !== undefined) known.setQueryData<Entry[]>(keys.journal('lab'), before);
    const read = known.fetchQuery({ queryKey: keys.journal('lab'), queryFn: ({ signal }) => news.journal('lab', signal) });
    for (const it of [told, both]) news.hear({ event: 'journal', data: JSON.stringify(it) });
    await vi.advanceTimersByTimeAsync(10);
    answers.pop()?.();
    await read;
    expect(known.getQueryData<Entry[]>(keys.journal('lab'))?.map((it) => it.decision)).toEqual(['old', 'told', 'both']);
  }
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
  for (const [event, data] of [['lost', '7'], ['all', '{}']] as const) {
    const known = new QueryClient();
    known.setQueryData<Servers>(keys.servers, { data: [] });
    new News(known).hear({ event, data });
    expect(known.getQueryState(keys.servers)?.isInvalidated, event).toBe(true);
  }
});

test('a server whose state or lists changed is read once for all that is told in a moment, and never by the clock', async () => {
  vi.useFakeTimers();
  const asked = answering(server('lab', 'connected'));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [server('lab', 'connecting')] });
  const news = new News(known);
  news.hear({ event: 'server', data: '{"name":"lab","status":"connected"}' });
  news.hear({ event: 'lists', data: '{"server":"lab","lists":["tools"]}' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual(['/api/servers/lab']);
  expect(known.getQueryData<Servers>(keys.servers)?.data[0]?.status).toBe('connected');
  news.hear({ event: 'lists', data: '{"server":"lab","lists":["prompts"]}' });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
});

test('of the settings only what changed is read again', () => {
  const known = new QueryClient();
  const all = [keys.servers, keys.groups, keys.bearerKeys, keys.users, keys.settings, keys.programs];
  const stale = () => all.filter((key) => known.getQueryState(key)?.isInvalidated);
  for (const key of all) known.setQueryData(key, []);
  const news = new News(known);
  news.hear({ event: 'settings', data: '{"parts":["later"]}' });
  news.hear({ event: 'settings', data: '{}' });
  expect(stale()).toEqual([]);
  news.hear({ event: 'settings', data: '{"parts":["groups","keys"]}' });
  expect(stale()).toEqual([keys.groups, keys.bearerKeys]);
  news.hear({ event: 'settings', data: '{"parts":["clients"]}' });
  expect(stale()).toEqual([keys.groups, keys.bearerKeys, keys.programs]);
});

test('when calls ended, what is shown of them is read again, and nothing else', () => {
  const known = new QueryClient();
  const all = [[...keys.activity, 'list', {}, 1], [...keys.activity, 'sums', {}], keys.servers];
  for (const key of all) known.setQueryData(key, []);
  new News(known).hear({ event: 'activity', data: '{"last":7}' });
  expect(all.filter((key) => known.getQueryState(key)?.isInvalidated)).toEqual(all.slice(0, 2));
});

test('calls that come faster than answers cut none of them off, and the last of them is shown, too', async () => {
  vi.useFakeTimers();
  const known = new QueryClient();
  const news = new News(known);
  let called = 0;
  let asked = 0;
  const answer = ({ signal }: { signal: AbortSignal }) => {
    asked += 1;
    const now = called;
    return new Promise<number>((tell, fail) => {
      setTimeout(() => tell(now), 1_200);
      signal.addEventListener('abort', () => fail(new Error('cut off')));
    });
  };
  const list = new QueryObserver(known, { queryKey: [...keys.activity, 'list'], queryFn: answer });
  const shown: (number | undefined)[] = [];
  const end = list.subscribe(({ data }) => void (shown.at(-1) !== data && shown.push(data)));
  for (called = 1; called < 20; called += 1) {
    news.hear({ event: 'activity', data: `{"last":${called}}` });
    await vi.advanceTimersByTimeAsync(500);
  }
  expect(shown.length).toBeGreaterThan(5);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(shown.at(-1)).toBeGreaterThanOrEqual(19);
  expect(asked).toBeLessThan(12);
  end();
});

test('an answer that was overtaken by a newer one is not shown', async () => {
  vi.useFakeTimers();
  const answers: ((server: Server) => void)[] = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((answer) => answers.push((data) => answer(Response.json({ success: true, data })))));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [server('lab', 'connecting')] });
  const news = new News(known);
  for (let reading = 0; reading < 2; reading += 1) {
    news.renew('lab');
    await vi.advanceTimersByTimeAsync(1_000);
  }
  answers[1]?.(server('lab', 'connected'));
  await vi.advanceTimersByTimeAsync(10);
  answers[0]?.(server('lab', 'connecting'));
  await vi.advanceTimersByTimeAsync(10);
  expect(answers).toHaveLength(2);
  expect(known.getQueryData<Servers>(keys.servers)?.data[0]?.status).toBe('connected');
});

test('a server that was removed stays away, whatever was being read of it or was to be', async () => {
  vi.useFakeTimers();
  const answers: (() => void)[] = [];
  vi.stubGlobal('fetch', () => new Promise<Response>((answer) => answers.push(() => answer(Response.json({ success: true, data: server('lab', 'connected') })))));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [server('lab', 'connected'), server('other', 'connected')] });
  const news = new News(known);
  news.renew('lab');
  await vi.advanceTimersByTimeAsync(1_000);
  news.renew('lab');
  news.drop('lab');
  answers[0]?.();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(answers).toHaveLength(1);
  expect(known.getQueryData<Servers>(keys.servers)?.data.map((it) => it.name)).toEqual(['other']);
});

test('a server of which there is news all the time is read now and then, and the last news counts', async () => {
  vi.useFakeTimers();
  const asked = vi.fn(() => Promise.resolve(Response.json({ success: true, data: server('lab', 'connected') })));
  vi.stubGlobal('fetch', asked);
  const news = new News(new QueryClient());
  for (let event = 0; event < 100; event += 1) {
    news.renew('lab');
    await vi.advanceTimersByTimeAsync(20);
  }
  expect(asked.mock.calls.length).toBeLessThanOrEqual(5);
  const before = asked.mock.calls.length;
  await vi.advanceTimersByTimeAsync(500);
  expect(asked.mock.calls.length).toBe(before + 1);
});

test('a list that was on its way before a server was told is not put over it, and is asked for once', async () => {
  vi.useFakeTimers();
  const lists: ((servers: Server[]) => void)[] = [];
  vi.stubGlobal('fetch', (request: Request) => {
    if (request.url.endsWith('/api/servers/lab')) return Promise.resolve(Response.json({ success: true, data: server('lab', 'connected') }));
    return new Promise<Response>((answer) => lists.push((data) => answer(Response.json({ success: true, data }))));
  });
  const known = new QueryClient();
  const news = new News(known);
  const list = () => known.fetchQuery({ queryKey: keys.servers, queryFn: ({ signal }) => news.list(signal) });
  known.setQueryData<Servers>(keys.servers, { data: [server('lab', 'oauth_required'), server('gone', 'connected')] });
  const listed = list();
  news.put(server('gone', 'disconnected'));
  news.drop('gone');
  news.renew('lab');
  await vi.advanceTimersByTimeAsync(1_000);
  lists[0]?.([server('lab', 'oauth_required'), server('other', 'connected')]);
  expect((await listed).data.map((it) => [it.name, it.status])).toEqual([
    ['lab', 'connected'],
    ['other', 'connected'],
  ]);
  expect(lists).toHaveLength(1);

  const later = list();
  await vi.advanceTimersByTimeAsync(10);
  lists[1]?.([server('lab', 'disconnected')]);
  expect((await later).data.map((it) => it.status)).toEqual(['disconnected']);
});

test('a list that was on its way when a server was removed does not bring it back, and one of that name that came after it does', async () => {
  vi.useFakeTimers();
  const lists: (() => void)[] = [];
  const before = ['lab', 'again', 'other'].map((name) => server(name, 'connected'));
  vi.stubGlobal('fetch', () => new Promise<Response>((answer) => lists.push(() => answer(Response.json({ success: true, data: before })))));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: before });
  const news = new News(known);
  const list = () => known.fetchQuery({ queryKey: keys.servers, queryFn: ({ signal }) => news.list(signal) });
  const listed = list();
  for (const name of ['lab', 'again']) news.drop(name);
  news.put(server('again', 'connecting'));
  await vi.advanceTimersByTimeAsync(10);
  lists[0]?.();
  expect((await listed).data.map((it) => [it.name, it.status])).toEqual([
    ['again', 'connecting'],
    ['other', 'connected'],
  ]);

  const later = list();
  await vi.advanceTimersByTimeAsync(10);
  lists[1]?.();
  expect((await later).data.map((it) => it.name)).toEqual(['lab', 'again', 'other']);
});

test('a stream that is refused is said to be broken, and one that opens again reads everything anew', async () => {
  vi.useFakeTimers();
  const answers = [new Response('{}', { status: 401 }), new Response('{}', { status: 403 }), new Response('')];
  vi.stubGlobal('fetch', () => Promise.resolve(answers.shift() ?? new Response(new ReadableStream())));
  const known = new QueryClient();
  const news = new News(known);
  const told: string[] = [];
  news.onState(() => told.push(news.state()));
  const end = news.start();
  await vi.advanceTimersByTimeAsync(2_200);
  expect(told).toEqual(['broken']);
  known.setQueryData<Servers>(keys.servers, { data: [] });
  await vi.advanceTimersByTimeAsync(20_000);
  end();
  expect(told).toEqual(['broken', 'open', 'broken', 'open']);
  expect(known.getQueryState(keys.servers)?.isInvalidated).toBe(true);
});

test('what was read before the stream opened is read again, since nobody told what changed until then', async () => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(new ReadableStream(), { headers: { 'content-type': 'text/event-stream' } })));
  const known = new QueryClient();
  known.setQueryData<Servers>(keys.servers, { data: [] });
  const news = new News(known);
  const end = news.start();
  await vi.waitFor(() => expect(known.getQueryState(keys.servers)?.isInvalidated).toBe(true));
  expect(news.state()).toBe('open');
  end();
});

test('a journal is told in the order of time, each entry once, and is bounded', () => {
  const [one, two, three] = [entry('1', 'a'), entry('2', 'b'), entry('3', 'c')];
  expect(withEntry([one, three], two)).toEqual([one, two, three]);
  expect(withEntry([one, two], two)).toEqual([one, two]);
  const asking = (path: string) => ({ ...two, request: { method: 'GET', host: 'as.test', path } });
  expect(withEntry([one, asking('/a')], asking('/b'))).toHaveLength(3);
  expect(withEntry([one, asking('/a')], asking('/a'))).toHaveLength(2);
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
