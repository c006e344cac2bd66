// When a stream is open, when it is given back, and how often it is tried again.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepOpen } from './live';
import { loggedIn, loggedOut, loginToken } from './login';

const MINUTE = 60_000;

interface Asked {
  headers: Headers;
  signal: AbortSignal;
}

let end = () => {};
let hidden = false;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => (hidden ? 'hidden' : 'visible'));
});
afterEach(() => {
  end();
  loggedOut();
  hidden = false;
});

/** A hub that answers each time with what `answer` makes. */
function hub(answer: () => Response): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal('fetch', (_: string, { headers, signal }: Asked) => {
    asked.push({ headers, signal });
    return signal.aborted ? Promise.reject(signal.reason as Error) : Promise.resolve(answer());
  });
  return asked;
}

/** A body that is cut when its request is, like that of a browser. */
function open(asked: () => Asked | undefined, begin: (say: (text: string) => void) => void = () => {}): Response {
  const body = new ReadableStream<Uint8Array>({
    start(stream) {
      begin((text) => stream.enqueue(new TextEncoder().encode(text)));
      const signal = asked()?.signal;
      signal?.addEventListener('abort', () => stream.error(signal.reason));
    },
  });
  return new Response(body);
}

function listen() {
  const told = { opened: 0, broken: 0, heard: [] as string[] };
  end = keepOpen({ path: 'api/events', opened: () => (told.opened += 1), hear: ({ data }) => told.heard.push(data), broken: () => (told.broken += 1) });
  return told;
}

function look(at: boolean): void {
  hidden = !at;
  document.dispatchEvent(new Event('visibilitychange'));
}

const after = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds);

test('a page that nobody sees gives its line back, and takes it up again when it is seen', async () => {
  const asked: Asked[] = hub(() => open(() => asked.at(-1)));
  const told = listen();
  await after(100);
  look(false);
  await after(MINUTE);
  expect([asked.length, asked[0]?.signal.aborted]).toEqual([1, true]);
  look(true);
  await after(100);
  expect([asked.length, asked[1]?.signal.aborted]).toEqual([2, false]);
  expect(told).toEqual({ opened: 2, broken: 0, heard: [] });
});

test('who passes by another page keeps the line', async () => {
  const asked: Asked[] = hub(() => open(() => asked.at(-1)));
  listen();
  await after(100);
  look(false);
  await after(200);
  look(true);
  await after(10_000);
  expect([asked.length, asked[0]?.signal.aborted]).toEqual([1, false]);
});

test('a page that is opened behind another asks for nothing until it is seen, and never when it is over before', async () => {
  const asked: Asked[] = hub(() => open(() => asked.at(-1)));
  hidden = true;
  listen();
  await after(MINUTE);
  expect(asked).toEqual([]);
  end();
  look(true);
  await after(MINUTE);
  expect(asked).toEqual([]);
});

test('a login that the hub no longer takes has ended, unless another came meanwhile', async () => {
  loggedIn('old');
  const asked = hub(() => new Response('{"code":"not_logged_in"}', { status: 401 }));
  const told = listen();
  await after(100);
  expect(loginToken()).toBeNull();
  expect([asked[0]?.headers.get('x-auth-token'), told.broken]).toEqual(['old', 1]);

  end();
  loggedIn('older');
  hub(() => {
    loggedIn('new');
    return new Response('{"code":"not_logged_in"}', { status: 401 });
  });
  listen();
  await after(100);
  expect(loginToken()).toBe('new');
});

test('what is refused, what nobody answers and what ends at once is tried again, with longer and longer waits', async () => {
  const answers = {
    forbidden: () => new Response('{}', { status: 403 }),
    nobody: () => {
      throw new TypeError('fetch failed');
    },
    ended: () => new Response(''),
    cut: () => new Response('data: 1\n\n'),
  };
  for (const [name, answer] of Object.entries(answers)) {
    const asked = hub(answer);
    const told = listen();
    await after(2 * MINUTE);
    end();
    expect(asked.length, name).toBeGreaterThan(5);
    expect(asked.length, name).toBeLessThan(16);
    expect(told.broken, name).toBe(asked.length);
    await after(MINUTE);
    expect(told.broken, `${name}, after the end`).toBe(asked.length);
  }
});

test('a stream that lived well is taken up again soon after it broke', async () => {
  const asked: Asked[] = hub(() => open(() => asked.at(-1), (say) => setTimeout(() => say('data: 1\n\n'), 100)));
  const told = listen();
  // Each lives 45.1 s, and the next comes after 1.25 s at most.
  await after(6 * 46_350);
  expect(asked.length).toBeGreaterThan(6);
  expect(told.heard.length).toBeGreaterThan(5);
});

test('a line on which nothing comes is broken, and a comment is something', async () => {
  let say: (text: string) => void = () => {};
  const asked: Asked[] = hub(() => open(() => asked.at(-1), (told) => (say = told)));
  const told = listen();
  for (let time = 0; time < 10; time += 1) {
    await after(15_000);
    say(':\n\n');
  }
  expect([asked.length, told.broken]).toEqual([1, 0]);
  await after(45_000);
  expect([asked[0]?.signal.aborted, told.broken]).toEqual([true, 1]);
  await after(2_000);
  expect([asked.length, told.opened]).toEqual([2, 2]);
});
