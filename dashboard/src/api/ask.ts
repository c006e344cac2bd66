// One way to ask the hub: relative to the page, with the login, and with one kind of error.

import createClient from 'openapi-fetch';
import { loginToken, loggedOut } from './login';
import type { paths } from './schema';

/** The hub said no, or nothing. */
export class Refusal extends Error {
  override readonly name = 'Refusal';

  constructor(
    message: string,
    /** 0: nobody answered. */
    readonly status: number,
    readonly code?: string,
    readonly more: Record<string, unknown> = {},
  ) {
    super(message);
  }

  /** A further field of the answer that is a text. */
  text(key: string): string | undefined {
    const value = this.more[key];
    return typeof value === 'string' && value !== '' ? value : undefined;
  }
}

/** The folder that the page was loaded from, with a slash behind: the API is beside the page, whatever stands before it. */
export function pageFolder(): string {
  const { origin, pathname } = window.location;
  return origin + pathname.replace(/[^/]*$/, '');
}

export const hub = createClient<paths>({
  baseUrl: pageFolder().replace(/\/$/, ''),
  credentials: 'omit',
  cache: 'no-store',
  fetch: (request: Request) => globalThis.fetch(request),
});

hub.use({
  onRequest: ({ request }) => withLogin(request.headers),
  onResponse: ({ request, response }) => forgetRefused(request.headers, response),
});

/** One request beside those of the API's description, whose answer is read by who asks: a stream above all. What is no success is thrown as a `Refusal`. */
export async function ask(path: string, { headers: wanted, ...more }: RequestInit = {}): Promise<Response> {
  const headers = new Headers(wanted);
  withLogin(headers);
  const response = await fetch(pageFolder() + path, { credentials: 'omit', cache: 'no-store', ...more, headers }).catch((error: unknown) => {
    throw unheard(error);
  });
  await forgetRefused(headers, response);
  if (response.ok) return response;
  throw refused(response, await response.json().catch(() => undefined));
}

function withLogin(headers: Headers): void {
  const token = loginToken();
  if (token !== null) headers.set('x-auth-token', token);
}

/** The login that was sent has ended; one that came meanwhile has not. */
async function forgetRefused(asked: Headers, response: Response): Promise<void> {
  const sent = asked.get('x-auth-token');
  if (response.status !== 401 || sent === null) return;
  // A 401 may be of something else, like a password that was asked for again.
  const said: unknown = await response.clone().json().catch(() => undefined);
  if (refused(response, said).code === 'not_logged_in' && sent === loginToken()) loggedOut();
}

/** Nobody answered, or the line was cut; who gave up himself knows that. */
export function unheard(error: unknown): unknown {
  if (error instanceof Refusal || (error instanceof DOMException && error.name === 'AbortError')) return error;
  return new Refusal(error instanceof Error ? error.message : String(error), 0, 'unreachable');
}

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The answer; what is no success is thrown as a `Refusal`. */
export async function told<T>(asked: Promise<Answered<T>>): Promise<T> {
  let answered: Answered<T>;
  try {
    answered = await asked;
  } catch (error) {
    // A page of something between us and the hub is no answer of the hub.
    throw unheard(error);
  }
  if (answered.response.ok && answered.data !== undefined) return answered.data;
  throw refused(answered.response, answered.error);
}

function refused(response: Response, said: unknown): Refusal {
  const { message, code, ...more } = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  const words = typeof message === 'string' && message !== '' ? message : `${response.status} ${response.statusText}`.trim();
  return new Refusal(words, response.status, typeof code === 'string' ? code : undefined, more);
}
