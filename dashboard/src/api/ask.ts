// One way to ask the hub: relative to the page, with the login, and with one kind of error.

import { loginToken, loggedOut } from './login';

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

/** Where the API is: beside this page, whatever stands before it. */
export function address(path: string): string {
  return new URL(`api/${path.replace(/^\//, '')}`, pageFolder()).href;
}

/** The folder that the page was loaded from, with a slash behind. */
export function pageFolder(): string {
  const { origin, pathname } = window.location;
  return origin + pathname.replace(/[^/]*$/, '');
}

export function headers(body?: unknown): HeadersInit {
  const token = loginToken();
  return {
    accept: 'application/json',
    ...(token === null ? {} : { 'x-auth-token': token }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The answer as JSON; what is no success is thrown as a `Refusal`. */
export async function ask<T>(method: Method, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address(path), {
      method,
      headers: headers(body),
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: 'omit',
      cache: 'no-store',
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(error instanceof Error ? error.message : String(error), 0, 'unreachable');
  }
  const told = await read(response);
  if (response.ok && told['success'] !== false) return told as T;
  // The login has ended; a login that was refused is told where it was tried.
  if (response.status === 401 && !path.startsWith('auth/login')) loggedOut();
  const { message, code, ...more } = told;
  const words = typeof message === 'string' && message !== '' ? message : `${response.status} ${response.statusText}`;
  throw new Refusal(words, response.status, typeof code === 'string' ? code : undefined, more);
}

async function read(response: Response): Promise<Record<string, unknown>> {
  const text = await response.text();
  try {
    const told: unknown = JSON.parse(text);
    return typeof told === 'object' && told !== null ? (told as Record<string, unknown>) : {};
  } catch {
    // Something between us and the hub answered; its page is nobody's message.
    return { success: false };
  }
}
