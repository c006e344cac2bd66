// Answers of real servers, asked directly and through the hub's /mcp/{server} in front of another child of the same kind: the same bytes,
// the id among them, because both are asked with the same one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hub } from '../harness/hub.mjs';
import { Direct, ThroughHub } from '../harness/raw.mjs';
import { everything, filesystem, fillFolder, fillRepository, GIT, git, memory, thinking } from './bytes/requests.mjs';

// What the hub says it can do for a server, on behalf of its clients; some servers offer more to a client that can more.
const CAPABILITIES = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} };
const LEAST = { results: 200, errors: 10 };

const folder = mkdtempSync(join(tmpdir(), 'mcphub-bytes-'));
const files = join(folder, 'files');
const repository = join(folder, 'repository');
const graph = join(folder, 'graph.jsonl');
const program = (name, ...args) => ({ command: process.execPath, args: [fileURLToPath(new URL(`../node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, import.meta.url)), ...args], env: {} });

const PYTHON = fileURLToPath(new URL('../.venv/bin/python', import.meta.url));

const SERVERS = {
  everything: { server: program('everything', 'stdio'), requests: everything(), prepare: () => {} },
  memory: { server: { ...program('memory'), env: { MEMORY_FILE_PATH: graph } }, requests: memory(), prepare: () => rmSync(graph, { force: true }) },
  filesystem: { server: program('filesystem', files), requests: filesystem(files), prepare: () => fillFolder(files) },
  thinking: { server: program('sequential-thinking'), requests: thinking(), prepare: () => {} },
  // The hub speaks 2026-07-28 with this one.
  git: { server: { command: PYTHON, args: ['-m', 'mcp_server_git'], env: GIT, stateless: true }, requests: git(repository), prepare: () => fillRepository(repository) },
};

let hub;
before(async () => {
  fillFolder(files);
  hub = await Hub.start({ mcpServers: Object.fromEntries(Object.entries(SERVERS).map(([name, { server: { command, args, env } }]) => [name, { command, args, env }])) });
  for (const name of Object.keys(SERVERS)) await hub.reaches(name, 'connected');
});
after(async () => {
  await hub?.close();
  rmSync(folder, { recursive: true, force: true });
});

// Ids of both kinds, in many spellings.
const idOf = (place) => [String(place), JSON.stringify(`id ${place}`), String(-place - 1), JSON.stringify(`"${place}"\\`)][place % 4];

async function ask(conversation, requests) {
  const answers = [];
  for (const [place, request] of requests.entries()) answers.push(await conversation.ask(idOf(place), request));
  await conversation.close();
  return answers;
}

const compared = { results: 0, errors: 0 };
for (const [name, { server, requests, prepare }] of Object.entries(SERVERS)) {
  test(`${requests.length} answers of ${name} pass unchanged`, async () => {
    prepare();
    const expected = await ask(await Direct.open(server, CAPABILITIES), requests);
    prepare();
    const answers = await ask(await ThroughHub.open(`${hub.url}/mcp/${name}`, CAPABILITIES), requests);
    for (const [place, request] of requests.entries()) {
      assert.equal(answers[place], expected[place], JSON.stringify(request).slice(0, 300));
      compared[JSON.parse(expected[place]).error ? 'errors' : 'results'] += 1;
    }
  });
}

test(`at least ${LEAST.results} results and ${LEAST.errors} errors were compared`, () => {
  assert.ok(compared.results >= LEAST.results && compared.errors >= LEAST.errors, JSON.stringify(compared));
});
