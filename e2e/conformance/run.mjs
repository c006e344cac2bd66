// Runs the official conformance suite against the hub, in both roles and for both requirement sets, and holds the outcome to the
// baseline: a failure that is not listed fails the run, and so does a listed one that is gone, so that the lists only shrink. What can have no
// meaning in a run is in no-meaning.json, with the reason, and is held to it as strictly.
//
//   run.mjs [client|server] [2025-11-25|2026-07-28|backcompat]     all five without arguments; backcompat is of the client role alone
//   run.mjs --direct ...                                server role without a hub: what the upstream itself scores
//   run.mjs --rmcp ...                                  server role with the upstream on rmcp, which knows 2026-07-28 and the older ones
//   run.mjs --rmcp-handshake ...                        the same, knowing the older ones alone
//   run.mjs --rmcp-stateless ...                        the same, knowing 2026-07-28 alone
//   run.mjs --write-baseline ...                        write what was seen (read the difference before you commit it)

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { startCounterpart, startRustEverything } from '../harness/counterpart.mjs';
import { Hub } from '../harness/hub.mjs';
import { differences, score, withoutMeaning } from './score.mjs';
import { openSlots } from './slots.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SUITE = here('../node_modules/@modelcontextprotocol/conformance/');
const OUT = here('../out/conformance/');
const SLOTS = 3;
const WHOLE_RUN_WITHIN = 500_000;

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));
const words = process.argv.slice(2);
const flag = (name) => words.includes(`--${name}`);
const chosen = (all) => { const some = words.filter((word) => all.includes(word)); return some.length ? some : all; };

// The fall-backs of revision 2025-03-26 are a suite of their own, in no requirement set.
const SUITES = {
  backcompat: ['auth/2025-03-26-oauth-endpoint-fallback', 'auth/2025-03-26-oauth-metadata-backcompat'],
};

function expectedScenarios(role, revision) {
  if (SUITES[revision]) return SUITES[revision];
  return parse(readFileSync(join(SUITE, 'requirements', `${revision}.yaml`), 'utf8'))[role].map((entry) => entry.scenario ?? entry);
}

async function suite(role, revision, output, flags, environment = {}) {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  const log = createWriteStream(join(output, 'suite.log'));
  await once(log, 'open');
  const child = spawn(process.execPath, [join(SUITE, 'dist/index.js'), role, SUITES[revision] ? '--suite' : '--requirements', revision, '-o', output, ...flags], {
    stdio: ['ignore', log, log],
    env: { ...process.env, ...environment },
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), WHOLE_RUN_WITHIN + 30_000);
  await once(child, 'exit');
  clearTimeout(limit);
}

async function clientRole(revision, output) {
  const path = join(OUT, `slots-${process.pid}`);
  mkdirSync(OUT, { recursive: true });
  const slots = await openSlots(SLOTS, path);
  const logs = join(OUT, `hubs-${revision}`);
  rmSync(logs, { recursive: true, force: true });
  mkdirSync(logs, { recursive: true });
  const command = `'${process.execPath}' '${here('driver.mjs')}'`;
  await suite('client', revision, output, ['--command', command, '--timeout', String(WHOLE_RUN_WITHIN)], { CONFORMANCE_SLOTS: path, CONFORMANCE_LOGS: logs });
  slots.close();
}

// Upstreams of other makes than the usual ones, by flag. The usual one of the revision without a handshake is a program of its own.
const UPSTREAMS = {
  rmcp: () => startRustEverything(),
  'rmcp-handshake': () => startRustEverything('--handshake'),
  'rmcp-stateless': () => startRustEverything('--stateless'),
};
const USUAL = { '2025-11-25': 'everything-server', '2026-07-28': 'everything-stateless' };
const another = Object.keys(UPSTREAMS).find(flag);

async function serverRole(revision, output) {
  const upstream = await (another ? UPSTREAMS[another]() : startCounterpart(USUAL[revision]));
  if (flag('direct')) {
    await suite('server', revision, output, ['--url', upstream.url]);
    return upstream.stop();
  }
  const hub = await Hub.start({ mcpServers: { up: { type: 'streamable-http', url: upstream.url } } });
  try {
    await hub.reaches('up', 'connected');
    await suite('server', revision, output, ['--url', `http://127.0.0.1:${hub.port}/mcp/up`]);
    writeFileSync(join(output, 'hub.log'), hub.log());
  } finally {
    await hub.close();
    await upstream.stop();
  }
}

async function one(role, revision) {
  const name = [role, revision, ...(another ? [another] : []), ...(flag('direct') ? ['direct'] : [])].join('-');
  const output = join(OUT, name);
  await { client: clientRole, server: serverRole }[role](revision, output);
  const seen = score(output, role);
  const expected = expectedScenarios(role, revision);
  const clean = expected.filter((scenario) => seen.verdicts[scenario] === 'CLEAN');
  const path = here(`baseline/${name}.json`);
  const meaningless = withoutMeaning(readJson(here('no-meaning.json')), name);
  if (flag('write-baseline')) writeBaseline(path, seen, expected, meaningless);
  const said = existsSync(path) ? differences(seen, readJson(path), expected, meaningless) : [`no baseline at ${path}`];
  process.stdout.write(`conformance ${name}: ${clean.length} of ${expected.length} clean, ${seen.successes} checks succeeded\n`);
  for (const line of said) process.stdout.write(`  ${line}\n`);
  return said.length === 0;
}

// A few checks are made once for each request, and how many requests there are is a matter of timing.
const MARGIN = 0.95;

function writeBaseline(path, { verdicts, successes }, expected, meaningless) {
  const all = [...new Set([...expected, ...Object.keys(verdicts)])].sort();
  const notClean = Object.fromEntries(all.map((scenario) => [scenario, verdicts[scenario] ?? 'ABSENT']).filter(([scenario, verdict]) => verdict !== 'CLEAN' && !(scenario in meaningless)));
  mkdirSync(here('baseline/'), { recursive: true });
  writeFileSync(path, `${JSON.stringify({ successesAtLeast: Math.floor(successes * MARGIN), notClean }, null, 2)}\n`);
}

const outcomes = [];
for (const role of chosen(['client', 'server'])) {
  for (const revision of chosen(['2025-11-25', '2026-07-28', ...Object.keys(SUITES)])) {
    if (role === 'client' || !SUITES[revision]) outcomes.push(await one(role, revision));
  }
}
const passed = outcomes.filter(Boolean).length;
process.stdout.write(`conformance: ${passed} passed, ${outcomes.length - passed} failed\n`);
process.exit(passed === outcomes.length ? 0 : 1);
