// Starts a counterpart program and hands back what it says of itself. It ends with `stop()`, and in any case when this process ends,
// because it watches its standard input.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const READY_WITHIN = 60_000;

const PYTHON = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));

// `program` is a file of ../counterparts; one that ends in .py runs in the virtual environment that e2e/setup makes.
export async function startCounterpart(program, options = {}) {
  const python = program.endsWith('.py');
  if (python && !existsSync(PYTHON)) throw new Error('no e2e/.venv: run e2e/setup');
  const path = fileURLToPath(new URL(`../counterparts/${python ? `python/${program}` : `${program}.mjs`}`, import.meta.url));
  return start(program, python ? PYTHON : process.execPath, [path, JSON.stringify(options)]);
}

// The everything server on `rmcp` (../examples/everything): built by `cargo test`, or by `cargo build -p mcphub-e2e --example everything`.
export async function startRustEverything(...args) {
  const path = process.env.EVERYTHING_BIN ?? fileURLToPath(new URL('../../target/debug/examples/everything', import.meta.url));
  if (!existsSync(path)) throw new Error(`no ${path}: run cargo build --package mcphub-e2e --example everything`);
  return start('everything', path, args);
}

async function start(program, command, args) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
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

