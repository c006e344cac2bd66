// What is asked of real servers, so that their answers can be compared byte by byte: every tool, list, prompt and resource that answers
// the same twice, many texts and numbers, and mistakes. Left out: what tells the time, the environment or a temporary name, and `ping`,
// which concerns one connection and is answered by the hub.

import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const call = (name, args) => ({ method: 'tools/call', params: { name, arguments: args } });
const lists = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'].map((method) => ({ method }));

// Texts that a reader who writes them anew could spoil.
export const TEXTS = [
  'plain', '', ' ', 'two\nlines', 'two\r\nlines', 'a\ttab', '"quoted"', 'back\\slash', 'slash/es', '\u0000nothing', '\u001f\u007f', '\u2028\u2029',
  'data: not an event\n\ndata: 1', '{"jsonrpc":"2.0","id":1}', '<script>&amp;</script>', 'Grüße', '漢字', '👩‍👩‍👧', '\ud83d\ude00', 'e\u0301', 'ﷺ', '\ufeffmarked', '‮reversed',
  '\\u0041', '%2F%00', '${HOME}', 'null', 'true', '1e999', '-0', 'x'.repeat(10_000), 'é'.repeat(70_000), 'id', '"id":1', '__proto__', 'constructor',
];

const NUMBERS = ['0', '-0', '1', '1.0', '0.1', '-1.5', '1e3', '1E-7', '123456789012345678', '9007199254740993', '0.30000000000000004', '1e308', '5e-324'];

const sums = NUMBERS.flatMap((a, place) => [`${a}`, NUMBERS[(place + 5) % NUMBERS.length]].map((b) => ({ method: 'tools/call', params: `{"name":"get-sum","arguments":{"a":${a},"b":${b}}}` })));

const mistakes = (tool) => [
  call('no-such-tool', {}),
  call(tool, { nonsense: [1, { deep: null }] }),
  { method: 'tools/call', params: { name: tool } },
  { method: 'no/such-method', params: {} },
  { method: 'no/such-method' },
];

export const everything = () => [
  ...lists,
  ...TEXTS.map((message) => call('echo', { message })),
  ...sums,
  ...['error', 'success', 'debug', 'none'].flatMap((messageType) => [true, false].map((includeImage) => call('get-annotated-message', { messageType, includeImage }))),
  ...[1, 2, 3, 10, 11].map((count) => call('get-resource-links', { count })),
  ...['New York', 'Chicago', 'Los Angeles', 'Ulm'].map((location) => call('get-structured-content', { location })),
  call('get-tiny-image', {}),
  call('trigger-long-running-operation', { duration: 0.05, steps: 2 }),
  ...['architecture', 'extension', 'features', 'how-it-works', 'instructions', 'startup', 'structure', 'none'].map((name) => ({ method: 'resources/read', params: { uri: `demo://resource/static/document/${name}.md` } })),
  { method: 'prompts/get', params: { name: 'simple-prompt' } },
  ...TEXTS.slice(0, 12).map((city) => ({ method: 'prompts/get', params: { name: 'args-prompt', arguments: { city, state: city } } })),
  { method: 'prompts/get', params: { name: 'args-prompt', arguments: {} } },
  { method: 'prompts/get', params: { name: 'no-such-prompt' } },
  ...['', 'E', 'S', 'Z'].map((value) => ({ method: 'completion/complete', params: { ref: { type: 'ref/prompt', name: 'completable-prompt' }, argument: { name: 'department', value } } })),
  ...['', '1', 'x'].map((value) => ({ method: 'completion/complete', params: { ref: { type: 'ref/resource', uri: 'demo://resource/dynamic/text/{resourceId}' }, argument: { name: 'resourceId', value } } })),
  ...mistakes('echo'),
];

export const memory = () => [
  ...lists,
  ...TEXTS.slice(0, 24).map((text, place) => call('create_entities', { entities: [{ name: `entity ${place}`, entityType: text, observations: [text, `${place}`] }] })),
  call('create_relations', { relations: [{ from: 'entity 0', to: 'entity 5', relationType: 'knows "of"' }, { from: 'entity 5', to: 'entity 0', relationType: 'ist größer als' }] }),
  call('add_observations', { observations: [{ entityName: 'entity 3', contents: ['more', 'zwei\nZeilen'] }] }),
  call('add_observations', { observations: [{ entityName: 'nobody', contents: [] }] }),
  ...['entity', 'zwei', '漢', '"', 'nothing like it'].map((query) => call('search_nodes', { query })),
  call('open_nodes', { names: ['entity 1', 'entity 7', 'nobody'] }),
  call('delete_observations', { deletions: [{ entityName: 'entity 3', observations: ['more'] }] }),
  call('delete_relations', { relations: [{ from: 'entity 5', to: 'entity 0', relationType: 'ist größer als' }] }),
  call('delete_entities', { entityNames: ['entity 9', 'nobody'] }),
  call('read_graph', {}),
  { method: 'resources/read', params: { uri: 'memory://knowledge-graph' } },
  { method: 'resources/read', params: { uri: 'memory://nothing' } },
  ...mistakes('open_nodes'),
];

export function fillFolder(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'sub/deep'), { recursive: true });
  TEXTS.slice(0, 24).forEach((text, place) => writeFileSync(join(folder, `text-${place}.txt`), text));
  writeFileSync(join(folder, 'sub/ünïcode.md'), '# Grüße\n\nlines\n'.repeat(200));
  writeFileSync(join(folder, 'sub/deep/bytes.png'), Buffer.from(Array.from({ length: 2048 }, (_, place) => (place * 31) % 256)));
  utimesSync(join(folder, 'text-0.txt'), 1_700_000_000, 1_700_000_000);
}

export function filesystem(folder) {
  const at = (name) => join(folder, name);
  return [
    ...lists,
    call('list_allowed_directories', {}),
    ...TEXTS.slice(0, 24).map((_text, place) => call('read_text_file', { path: at(`text-${place}.txt`) })),
    ...[1, 3, 10_000].flatMap((lines) => ['head', 'tail'].map((end) => call('read_text_file', { path: at('sub/ünïcode.md'), [end]: lines }))),
    call('read_media_file', { path: at('sub/deep/bytes.png') }),
    call('read_multiple_files', { paths: [at('text-0.txt'), at('text-5.txt'), at('nothing')] }),
    call('list_directory', { path: folder }),
    call('list_directory', { path: at('nothing') }),
    ...['name', 'size'].map((sortBy) => call('list_directory_with_sizes', { path: at('sub'), sortBy })),
    call('directory_tree', { path: at('sub') }),
    ...['*.md', '**/*.png', '*'].map((pattern) => call('search_files', { path: at('sub'), pattern })),
    ...TEXTS.slice(3, 20).map((content, place) => call('write_file', { path: at(`new-${place}.txt`), content })),
    ...[true, false].map((dryRun) => call('edit_file', { path: at('text-3.txt'), edits: [{ oldText: 'two', newText: 'zwei "2"' }], dryRun })),
    call('create_directory', { path: at('made/here') }),
    call('move_file', { source: at('text-1.txt'), destination: at('made/here/moved.txt') }),
    call('move_file', { source: at('text-1.txt'), destination: at('made/again.txt') }),
    call('read_text_file', { path: '/etc/hostname' }),
    ...mistakes('read_text_file'),
  ];
}

export const thinking = () => [
  ...lists,
  ...TEXTS.slice(0, 16).map((thought, place) => call('sequentialthinking', { thought, nextThoughtNeeded: place < 15, thoughtNumber: place + 1, totalThoughts: 10 })),
  call('sequentialthinking', { thought: 'again', nextThoughtNeeded: true, thoughtNumber: 2, totalThoughts: 3, isRevision: true, revisesThought: 1, branchFromThought: 1, branchId: 'b "1"' }),
  call('sequentialthinking', { thought: 'wrong', nextThoughtNeeded: 'yes', thoughtNumber: -1, totalThoughts: 0.5 }),
  ...mistakes('sequentialthinking'),
];

// All that decides what a commit is called.
export const GIT = Object.fromEntries(['AUTHOR', 'COMMITTER'].flatMap((who) => [['NAME', 'Grüße "of"'], ['EMAIL', 'e2e@example.com'], ['DATE', '1767323045 +0000']].map(([what, value]) => [`GIT_${who}_${what}`, value])));
GIT.GIT_CONFIG_GLOBAL = '/dev/null';
GIT.GIT_CONFIG_NOSYSTEM = '1';

export function fillRepository(folder) {
  fillFolder(folder);
  const git = (...words) => execFileSync('git', words, { cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, ...GIT } });
  git('init', '--initial-branch', 'main');
  git('add', '.');
  git('commit', '--message', 'First: a "quoted" word\n\nand a body, größer');
  writeFileSync(join(folder, 'text-3.txt'), 'changed\nlines');
  git('commit', '--all', '--message', 'Second');
  git('branch', 'other');
  writeFileSync(join(folder, 'text-3.txt'), 'not\nstaged');
  writeFileSync(join(folder, 'sub/ünïcode.md'), 'staged');
  git('add', 'sub');
  writeFileSync(join(folder, 'untracked'), '');
}

export function git(folder) {
  const on = (name, more) => call(`git_${name}`, { repo_path: folder, ...more });
  const looks = () => [on('status'), ...[0, 1, 3].flatMap((lines) => ['diff_unstaged', 'diff_staged'].map((name) => on(name, { context_lines: lines })))];
  return [
    lists[0],
    ...looks(),
    ...['main', 'other', 'HEAD~1', 'nothing', '--output=x'].map((target) => on('diff', { target })),
    ...[1, 2, 10].map((count) => on('log', { max_count: count })),
    on('log', { start_timestamp: '2026-01-01' }),
    ...['HEAD', 'HEAD~1', 'other', 'nothing'].map((revision) => on('show', { revision })),
    ...['local', 'remote', 'all', 'none'].map((kind) => on('branch', { branch_type: kind })),
    on('add', { files: ['untracked', 'text-3.txt'] }),
    ...looks(),
    on('commit', { message: 'Third: zwei "2"\n\n\u2028' }),
    on('show', { revision: 'HEAD' }),
    on('create_branch', { branch_name: 'new', base_branch: 'other' }),
    on('create_branch', { branch_name: 'new' }),
    on('checkout', { branch_name: 'new' }),
    on('checkout', { branch_name: 'nothing' }),
    on('reset'),
    ...looks(),
    ...mistakes('git_status'),
  ];
}
