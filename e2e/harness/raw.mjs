// Conversations in which the text of each answer is kept as it came: with a server over its standard input and output, and with an
// endpoint of the hub over Streamable HTTP. No SDK, which would read the answer and write it anew.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const ANSWER_WITHIN = 60_000;
const REVISION = '2025-11-25';
const STATELESS = '2026-07-28';
const META = 'io.modelcontextprotocol/';
const CLIENT = { name: 'e2e', version: '1.0.0' };

export const envelope = (id, { method, params }) => `{"jsonrpc":"2.0","id":${id},"method":${JSON.stringify(method)}${params === undefined ? '' : `,"params":${typeof params === 'string' ? params : JSON.stringify(params)}`}}`;

const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

function introduction(capabilities) {
  return { method: 'initialize', params: { protocolVersion: REVISION, capabilities, clientInfo: CLIENT } };
}

// The server itself, as its own client would have it; a `stateless` one knows no handshake.
export class Direct {
  #waiting = new Map();
  #meta;

  static async open({ command, args, env, stateless }, capabilities) {
    const direct = new Direct();
    direct.child = spawn(command, args, { env: { PATH: process.env.PATH, ...env }, stdio: ['pipe', 'pipe', 'ignore'] });
    createInterface({ input: direct.child.stdout }).on('line', (line) => direct.#heard(line));
    if (stateless) {
      direct.#meta = { [`${META}protocolVersion`]: STATELESS, [`${META}clientInfo`]: CLIENT, [`${META}clientCapabilities`]: capabilities };
      return direct;
    }
    await direct.ask('"introduction"', introduction(capabilities));
    direct.child.stdin.write(`${INITIALIZED}\n`);
    return direct;
  }

  #heard(line) {
    const { id, method } = JSON.parse(line);
    if (method === undefined) return this.#waiting.get(JSON.stringify(id))?.(line);
    // What the server asks of a client: its folders, of which there are none; the rest is refused.
    const answer = method === 'roots/list' ? { result: { roots: [] } } : { error: { code: -32601, message: 'not here' } };
    if (id !== undefined) this.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer })}\n`);
    return undefined;
  }

  // The text of the answer to a request. `id` is JSON text.
  ask(id, request) {
    return within(`${request.method} of the server itself`, new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      const asked = this.#meta ? { ...request, params: { ...request.params, _meta: this.#meta } } : request;
      this.child.stdin.write(`${envelope(id, asked)}\n`);
    }));
  }

  async close() {
    const ended = once(this.child, 'exit');
    this.child.kill();
    await ended;
  }
}

// The same behind an endpoint of the hub.
export class ThroughHub {
  static async open(url, capabilities) {
    const through = new ThroughHub();
    through.url = url;
    through.headers = {};
    const response = await through.#post(envelope('"introduction"', introduction(capabilities)));
    await response.text();
    through.headers = { 'mcp-session-id': response.headers.get('mcp-session-id'), 'mcp-protocol-version': REVISION };
    await through.#post(INITIALIZED);
    return through;
  }

  async #post(body) {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...this.headers },
      body,
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    });
    if (!response.ok) throw new Error(`${this.url} answered ${response.status}: ${await response.text()}`);
    return response;
  }

  async ask(id, request) {
    const response = await this.#post(envelope(id, request));
    const text = await response.text();
    if (!response.headers.get('content-type').startsWith('text/event-stream')) return text;
    const messages = text.split('\n\n').map((event) => event.split('\n').filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length)).join('\n'));
    return messages.find((message) => message && JSON.stringify(JSON.parse(message).id) === id);
  }

  async close() {
    await fetch(this.url, { method: 'DELETE', headers: this.headers });
  }
}

function within(what, answer) {
  let limit;
  const late = new Promise((_resolve, reject) => {
    limit = setTimeout(() => reject(new Error(`no answer to ${what} within ${ANSWER_WITHIN} ms`)), ANSWER_WITHIN);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(limit));
}
