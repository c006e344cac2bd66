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

export function loginHeader(): Record<string, string> {
  const token = loginToken();
  return token === null ? {} : { 'x-auth-token': token };
}

export const hub = createClient<paths>({
  baseUrl: pageFolder().replace(/\/$/, ''),
  credentials: 'omit',
  cache: 'no-store',
  fetch: (request: Request) => globalThis.fetch(request),
});

hub.use({
  onRequest({ request }) {
    for (const [name, value] of Object.entries(loginHeader())) request.headers.set(name, value);
  },
  onResponse({ request, response }) {
    // The login that was sent has ended; one that came meanwhile has not.
    const sent = request.headers.get('x-auth-token');
    if (response.status === 401 && sent !== null && sent === loginToken()) loggedOut();
  },
});

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
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    // A page of something between us and the hub is no answer of the hub.
    throw new Refusal(error instanceof Error ? error.message : String(error), 0, 'unreachable');
  }
  if (answered.response.ok && answered.data !== undefined) return answered.data;
  throw refused(answered.response, answered.error);
}

/** The same of an answer that was not read yet. */
export async function refusedBy(response: Response): Promise<Refusal> {
  const said: unknown = await response.json().catch(() => undefined);
  return refused(response, said);
}

function refused(response: Response, said: unknown): Refusal {
  const { message, code, ...more } = typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  const words = typeof message === 'string' && message !== '' ? message : `${response.status} ${response.statusText}`.trim();
  return new Refusal(words, response.status, typeof code === 'string' ? code : undefined, more);
}
