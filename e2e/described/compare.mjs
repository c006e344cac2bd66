// The description of `/api` that the hub serves against what it answers: schemathesis, which we did not write, makes up requests from it, good and
// bad ones, as nobody, as somebody and as an administrator. No answer may be a 5xx, and none may be what the description does not say: no status,
// no content type, no header, and no key of an object that stands nowhere in it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hub } from '../harness/hub.mjs';
import { startPractice } from '../harness/practice.mjs';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const EVERYTHING = here('../node_modules/@modelcontextprotocol/server-everything/dist/index.js');
const CHECKS = ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_headers_conformance', 'response_schema_conformance'];
// Streams without an end, which are read elsewhere (crates/web/tests/events.rs, logs.rs); nobody gets none, and is asked for them, too.
export const ENDLESS = ['events', 'followLogs'];
const PASSWORD = 'long enough for it';

// A hub with servers in three states, groups, keys and people; what is to be replaced and removed is there besides.
async function startHub() {
  const practice = await startPractice();
  const gone = { url: 'http://127.0.0.1:9/mcp' };
  const spare = Object.fromEntries([1, 2, 3].map((number) => [`spare-${number}`, { ...gone, enabled: false }]));
  const servers = ['everything'];
  const hub = await Hub.start({
    mcpServers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] }, practice: { url: practice.url }, gone, ...spare },
    groups: [{ id: 'a-group', name: 'sales', servers }, { id: 'a-spare-group', name: 'spare', servers }],
    bearerKeys: ['a-key', 'a-spare-key'].map((id) => ({ id, name: id, token: `${id} made for this test`, enabled: true, accessType: 'all' })),
  }, { PATH: '/nowhere' });
  await Promise.all([hub.reaches('everything', 'connected'), hub.reaches('practice', 'oauth_required'), hub.reaches('gone', 'disconnected')]);
  // The administrator comes last: the first one, whose password stands in the environment, is there until there is another.
  for (const username of ['ada', 'bob', 'eve', 'keeper']) await hub.api('POST', '/users', { username, password: PASSWORD, isAdmin: username === 'keeper' });
  const close = async () => {
    await hub.close();
    await practice.stop();
  };
  return { hub, close };
}

// The description as it is served, read strictly: an object has the keys that are named, unless it says that there are more.
async function strictDescription(hub) {
  const document = await (await fetch(`${hub.url}/openapi.json`)).json();
  closeObjects(document);
  const path = join(hub.folder, 'openapi.json');
  writeFileSync(path, JSON.stringify(document));
  return path;
}

function closeObjects(value) {
  if (value === null || typeof value !== 'object') return;
  Object.values(value).forEach(closeObjects);
  if (value.type === 'object' && value.properties && typeof value.properties === 'object') value.additionalProperties ??= false;
}

async function login(hub, username) {
  const response = await fetch(`${hub.url}/api/auth/login`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ username, password: PASSWORD }) });
  return (await response.json()).token;
}

async function compare(hub, visitor, { headers, without, phases, examples, signal }) {
  const folder = join(hub.folder, visitor);
  mkdirSync(folder);
  const report = join(folder, 'report.json');
  const child = spawn(here('../.venv/bin/schemathesis'), [
    '--config-file', here('schemathesis.toml'),
    'run', await strictDescription(hub), '--url', hub.url, '--checks', CHECKS.join(), '--phases', phases, '--max-examples', String(examples),
    '--warnings', 'off', '--no-color', '--report-json-path', report,
    ...headers.flatMap((header) => ['--header', header]), ...without.flatMap((operation) => ['--exclude-operation-id', operation]),
  ], { cwd: folder, signal, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH, HOME: folder, SCHEMATHESIS_HOOKS: here('hooks.py'), PYTHONDONTWRITEBYTECODE: '1' } });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { said += chunk; });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${said}\n${hub.log()}`);
  const { operations, test_cases: cases, complete, running_time: seconds } = JSON.parse(readFileSync(report, 'utf8'));
  assert.deepEqual([operations.tested, operations.errored, cases.errored, complete], [operations.selected, 0, 0, true]);
  return { operations: operations.tested, cases: cases.generated, failed: cases.with_failures, seconds };
}

// Asks as that visitor, and says what came of it. `person`: who logs in for it, and is answered to the end.
export function describedFor(visitor, { person, headers = [], ...run }) {
  let world;
  before(async () => { world = await startHub(); });
  after(() => world?.close());
  return async (t) => {
    const token = person && await login(world.hub, person);
    const own = person ? [`x-auth-token: ${token}`] : [];
    const { operations, cases, failed, seconds } = await compare(world.hub, visitor, { ...run, headers: [...headers, ...own], signal: t.signal });
    t.diagnostic(`the description, as ${visitor}: ${operations} operations, ${cases} requests in ${Math.round(seconds)} s, ${failed} answers that are not as described`);
    if (person) assert.equal((await fetch(`${world.hub.url}/api/auth/user`, { headers: { 'x-auth-token': token } })).status, 200);
  };
}
