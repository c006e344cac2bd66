// The real hub: the binary named by MCPHUB_BIN (default: the debug build) on a settings file in a folder of its own, its output in a
// file, spoken to only over HTTP. It dies with this process where the system can arrange that (setpriv, Linux).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, closeSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.mjs';

export const BINARY = resolve(process.env.MCPHUB_BIN ?? fileURLToPath(new URL('../../target/debug/mcphub', import.meta.url)));
const PASSWORD = 'only for this test';
export const SETPRIV = '/usr/bin/setpriv';

export class Hub {
  static async start(settings, environment = {}) {
    const hub = new Hub(await freePort(), environment);
    writeFileSync(hub.settingsPath, typeof settings === 'string' ? settings : JSON.stringify(settings, null, 2));
    return hub.start();
  }

  constructor(port, environment) {
    this.port = port;
    this.environment = environment;
    this.folder = mkdtempSync(join(tmpdir(), 'mcphub-e2e-'));
    this.settingsPath = join(this.folder, 'mcp_settings.json');
    this.logPath = join(this.folder, 'hub.log');
    this.url = `http://localhost:${port}`;
    this.password = PASSWORD;
  }

  async start() {
    const log = openSync(this.logPath, 'a');
    const serve = [BINARY, 'serve', '--listen', `127.0.0.1:${this.port}`, '--settings', this.settingsPath];
    const [program, ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...serve] : serve;
    this.child = spawn(program, rest, { stdio: ['ignore', log, log], cwd: this.folder, env: this.#childEnvironment() });
    closeSync(log);
    this.ended = once(this.child, 'exit');
    await eventually(`the hub on port ${this.port} is healthy`, () => this.#healthy());
    this.token = undefined;
    return this;
  }

  #childEnvironment() {
    return {
      PATH: process.env.PATH,
      HOME: this.folder,
      RUST_LOG: process.env.RUST_LOG ?? 'info',
      MCPHUB_DATA_DIR: join(this.folder, 'data'),
      PORT: String(this.port),
      ADMIN_PASSWORD: PASSWORD,
      ...this.environment,
    };
  }

  async #healthy() {
    if (this.child.exitCode !== null) throw Object.assign(new Error(`the hub ended with ${this.child.exitCode}:\n${this.log()}`), { final: true });
    return (await fetch(`${this.url}/healthz`)).ok;
  }

  async kill(signal = 'SIGKILL') {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    await this.ended;
  }

  async stop() {
    await this.kill('SIGTERM');
  }

  async close() {
    await this.kill();
    this.remove();
  }

  remove() {
    if (process.env.KEEP) process.stderr.write(`kept ${this.folder}\n`);
    else rmSync(this.folder, { recursive: true, force: true });
  }

  log() {
    return readFileSync(this.logPath, 'utf8').slice(-12_000);
  }

  settings() {
    return JSON.parse(readFileSync(this.settingsPath, 'utf8'));
  }

  settingsMode() {
    return statSync(this.settingsPath).mode & 0o777;
  }

  // One request to the REST API, logged in as a person would be; the answer's `data`.
  async api(method, path, body) {
    this.token ??= await this.#login();
    const response = await fetch(`${this.url}/api${path}`, {
      method,
      headers: { 'x-auth-token': this.token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = await response.json();
    if (!response.ok || answer.success === false) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(answer)}`);
    return answer.data;
  }

  async #login() {
    const response = await fetch(`${this.url}/api/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'admin', password: PASSWORD }),
    });
    const answer = await response.json();
    if (!answer.token) throw new Error(`login: ${response.status} ${JSON.stringify(answer)}`);
    return answer.token;
  }

  server(name) {
    return this.api('GET', `/servers/${encodeURIComponent(name)}`);
  }

  async reaches(name, ...states) {
    return eventually(`${name} is ${states.join(' or ')}`, async () => {
      const server = await this.server(name);
      if (!states.includes(server.status)) throw new Error(`${name} is ${server.status}: ${server.error ?? server.reason ?? ''}`);
      return server;
    }).catch((error) => { throw new Error(`${error.message}\n${this.log()}`); });
  }

  async authorizationUrl(name) {
    return (await this.api('POST', `/servers/${encodeURIComponent(name)}/oauth/authorize`)).authorizationUrl;
  }
}

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
