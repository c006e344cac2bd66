// Starts a counterpart program and hands back what it says of itself. It ends with `stop()`, and in any case when this process ends,
// because it watches its standard input.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY_WITHIN = 60_000;

export async function startCounterpart(program, options = {}) {
  const path = fileURLToPath(new URL(`../counterparts/${program}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [path, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk) => { said = (said + chunk).slice(-8000); });
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.stdin.end();
    await once(child, 'exit');
  };
  const ended = once(child, 'exit').then(([code]) => { throw new Error(`${program} ended with ${code} before it was ready:\n${said}`); });
  const addresses = await Promise.race([firstJsonLine(child.stdout), ended, timeLimit(program, READY_WITHIN)]);
  ended.catch(() => {});
  child.stdout.resume();
  return { ...addresses, stop, errors: () => said };
}

async function firstJsonLine(stream) {
  for await (const line of createInterface({ input: stream })) {
    if (line.startsWith('{')) return JSON.parse(line);
  }
  return new Promise(() => {});
}

function timeLimit(program, milliseconds) {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`${program} was not ready within ${milliseconds} ms`)), milliseconds).unref();
  });
}

export async function ask(address, body) {
  const response = await fetch(address, body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  const text = await response.text();
  return text ? JSON.parse(text) : undefined;
}

// An authorization server, and an MCP server that wants its tokens: the pair that most journeys need.
export async function startProtectedWorld({ scope = 'mcp:tools', ...options } = {}) {
  const authorizationServer = await startCounterpart('authorization-server', { scopes: [scope], ...options });
  const server = await startCounterpart('protected-server', { issuer: authorizationServer.issuer, scope });
  await ask(`${authorizationServer.control}/resources`, { url: server.url, scopes: scope });
  return {
    issuer: authorizationServer.issuer,
    url: server.url,
    tokenRequests: async () => (await ask(`${authorizationServer.control}/counts`)).requests['POST /token'] ?? 0,
    atAuthorizationServer: () => ask(`${authorizationServer.control}/counts`),
    atServer: () => ask(`${server.control}/counts`),
    accessTokenLife: (seconds) => ask(`${authorizationServer.control}/access-token-life`, { seconds }),
    refuseIssued: () => ask(`${server.control}/refuse-issued`),
    stop: async () => { await Promise.all([authorizationServer.stop(), server.stop()]); },
  };
}
