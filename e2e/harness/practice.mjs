// The practice world (`mcphub lab`) as a program of its own, on ports that the system chooses, told what to do at its control addresses.
// It dies with this process where the system can arrange that (setpriv, Linux).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { ask } from './counterpart.mjs';
import { BINARY, SETPRIV } from './hub.mjs';

export async function startPractice(...switches) {
  const lab = [BINARY, 'lab', '--json', '--authorization-server', '127.0.0.1:0', '--mcp-server', '127.0.0.1:0', ...switches];
  const [program, ...rest] = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', '--', ...lab] : lab;
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const early = ended.then(([code]) => { throw new Error(`mcphub lab ended with ${code} before it was ready`); });
  early.catch(() => {});
  const { mcpUrl, issuer } = await Promise.race([report(child.stdout), early]);
  return {
    url: mcpUrl,
    issuer,
    set: (wanted) => ask(`${issuer}/lab/switches`, wanted),
    order: (control) => ask(`${issuer}/lab/${control}`, {}),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

// What it tells of itself first: one object over several lines.
async function report(stream) {
  let said = '';
  for await (const chunk of stream) {
    said += chunk;
    if (said.trimEnd().endsWith('\n}')) return JSON.parse(said);
  }
  return new Promise(() => {});
}
