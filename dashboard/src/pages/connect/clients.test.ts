// The same configuration as `mcphub connect` writes.

import { expect, test } from 'vitest';
import { entryOf, fileOf, written, type Client } from './clients';

const HUB = 'http://localhost:3000/mcp';
const headers = { Authorization: 'Bearer k' };

test('each client gets the entry that it documents', () => {
  const entries: [Client, object][] = [
    ['claude-code', { type: 'http', url: HUB, headers }],
    ['cursor', { url: HUB, headers }],
    ['vscode', { type: 'http', url: HUB, headers }],
    ['codex', { url: HUB, http_headers: headers }],
    ['gemini', { httpUrl: HUB, headers }],
    ['windsurf', { serverUrl: HUB, headers }],
  ];
  for (const [client, entry] of entries) {
    expect(entryOf(client, HUB, 'k')).toEqual(entry);
    expect(JSON.stringify(entryOf(client, HUB, undefined))).not.toContain('eaders');
  }
});

test('a client that knows local programs only never has the key on a command line', () => {
  const entry = entryOf('claude-desktop', HUB, 'k');
  expect(entry).toEqual({ command: 'npx', args: ['-y', 'mcp-remote', HUB, '--header', 'Authorization:${MCPHUB_AUTHORIZATION}'], env: { MCPHUB_AUTHORIZATION: 'Bearer k' } });
  expect(entryOf('claude-desktop', 'http://hub.lan:3000/mcp', undefined)['args']).toContain('--allow-http');
});

test('each file has its own way of writing', () => {
  expect(JSON.parse(written('vscode', 'mcphub', { url: HUB }))).toEqual({ servers: { mcphub: { url: HUB } } });
  expect(written('codex', 'mcphub', entryOf('codex', HUB, 'k'))).toBe(`[mcp_servers.mcphub]\nurl = "${HUB}"\nhttp_headers = { Authorization = "Bearer k" }`);
  expect(fileOf('cursor', 'windows')).toBe('%USERPROFILE%\\.cursor\\mcp.json');
  expect(fileOf('claude-desktop', 'mac')).toBe('~/Library/Application Support/Claude/claude_desktop_config.json');
});
