// Somebody who sits at a machine where MCPHub never ran: a home of their own, terminals, a browser in which they are logged in where
// they work, and a count of what they had to do. What the machine does by itself (opening the browser) is no action.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.mjs';
import { BINARY, freePort } from './hub.mjs';

const PYTHON = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));
// Runs a command at a terminal of its own, and ends when this process does.
const TERMINAL = `
import os, pty, signal, sys, threading
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
def typed():
    while text := os.read(0, 4096):
        os.write(terminal, text)
    os.kill(pid, signal.SIGKILL)
threading.Thread(target=typed, daemon=True).start()
try:
    while said := os.read(terminal, 4096):
        os.write(1, said)
except OSError:
    pass
sys.stdout.flush()
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
`;

export class Newcomer {
  actions = [];
  #terminals = [];
  #opened;
  #consents = 0;

  // The system's browser is the person's: what it is told to open is in a file, which `opened` waits for.
  static async arrive(person, environment = {}) {
    const newcomer = new Newcomer();
    newcomer.person = person;
    newcomer.home = mkdtempSync(join(tmpdir(), 'mcphub-newcomer-'));
    const programs = join(newcomer.home, 'bin');
    mkdirSync(programs);
    symlinkSync(BINARY, join(programs, 'mcphub'));
    newcomer.#opened = join(newcomer.home, 'opened');
    const browser = join(programs, 'browser');
    writeFileSync(browser, `#!/bin/sh\nprintf '%s\\n' "$1" >> '${newcomer.#opened}'\n`);
    chmodSync(browser, 0o755);
    newcomer.port = await freePort();
    newcomer.url = `http://localhost:${newcomer.port}`;
    // Another port than 3000 only because somebody may use that one: both variables say what is said by default.
    newcomer.environment = {
      PATH: [programs, '/usr/bin', '/bin'].join(delimiter), HOME: newcomer.home, TERM: 'xterm', DISPLAY: ':0', BROWSER: browser,
      PORT: String(newcomer.port), MCPHUB_URL: newcomer.url, ...environment,
    };
    return newcomer;
  }

  // One action: a command line, at a terminal.
  types(...command) {
    this.actions.push(command.join(' '));
    const terminal = new Terminal(command, this.home, this.environment);
    this.#terminals.push(terminal);
    return terminal;
  }

  noPageWasOpened() {
    return !existsSync(this.#opened);
  }

  // One action: the consent, given on the page that the system's browser opened. A page that wants more than this one click fails here;
  // `logsIn`: where the person was never before.
  async consents({ logsIn = false } = {}) {
    const opened = () => (existsSync(this.#opened) ? readFileSync(this.#opened, 'utf8').split('\n').filter(Boolean) : []);
    const pages = await eventually('the browser is opened', () => (opened().length > this.#consents ? opened() : undefined));
    this.#consents += 1;
    if (pages.length > this.#consents) throw new Error(`more than one page was opened at a time:\n${pages.join('\n')}`);
    this.actions.push('consent');
    await (logsIn ? this.person.followToConsent(pages.at(-1)) : this.person.page.goto(pages.at(-1)));
    return this.person.consent(`${this.url}/oauth/callback`);
  }

  async leave() {
    for (const terminal of this.#terminals) await terminal.close();
    if (process.env.KEEP) process.stderr.write(`kept ${this.home}\n`);
    else rmSync(this.home, { recursive: true, force: true });
  }
}

class Terminal {
  constructor(command, cwd, env) {
    this.said = '';
    this.child = spawn(PYTHON, ['-c', TERMINAL, ...command], { stdio: ['pipe', 'pipe', 'inherit'], cwd, env });
    this.child.stdin.on('error', () => {});
    this.child.stdout.on('data', (text) => { this.said += text; });
    this.ended = once(this.child, 'close').then(([code]) => code);
  }

  async shows(text) {
    await eventually(`the terminal shows ${text}`, () => {
      if (this.child.exitCode !== null && !this.said.includes(text)) throw Object.assign(new Error(`it ended and said:\n${this.said}`), { final: true });
      return this.said.includes(text);
    }).catch((error) => { throw new Error(`${error.message}\n${this.said}`); });
  }

  enters(text) {
    this.child.stdin.write(`${text}\n`);
  }

  async close() {
    this.child.stdin.end();
    await this.ended;
  }
}
