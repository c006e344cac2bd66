// How what a person writes becomes a server.

import { expect, test } from 'vitest';
import { freeName, nameOf, nameOfCommand } from './name';
import { ofAddress, ofCommand, ofJson, split } from './wish';

test('a server is called after its host, as `mcphub add` calls it', () => {
  const names = {
    'https://mcp.linear.app/mcp': 'linear',
    'https://api.githubcopilot.com/mcp/': 'githubcopilot',
    'https://mcp.example.co.uk/mcp': 'example',
    'https://x.ai/mcp': 'x',
    'http://localhost:4101/mcp': 'local-4101',
    'http://127.0.0.1/mcp': 'local',
    'http://[::1]:81/mcp': 'local-81',
    'http://intranet/mcp': 'intranet',
    'ftp://a.example/b': undefined,
    linear: undefined,
  };
  for (const [address, name] of Object.entries(names)) expect(nameOf(address), address).toBe(name);
});

test('a taken name gets a number', () => {
  expect(freeName('linear', ['linear', 'linear-2'])).toBe('linear-3');
});

test('a command is called after its package', () => {
  expect(nameOfCommand(split('npx -y @modelcontextprotocol/server-memory'))).toBe('memory');
  expect(nameOfCommand(split('uvx mcp-server-git --repository /x'))).toBe('x');
  expect(nameOfCommand(split('node server.js'))).toBe('server');
});

test('a line is read as a shell reads its quotes', () => {
  expect(ofCommand(`npx -y 'a b' "" c"d e"`, [{ name: 'TOKEN', value: '${TOKEN}' }])).toEqual({ command: 'npx', args: ['-y', 'a b', '', 'cd e'], env: { TOKEN: '${TOKEN}' } });
});

test('an address has no type, and a client only where one is given', () => {
  expect(ofAddress(' https://a.example/mcp ', [{ name: '', value: 'x' }], { id: '', secret: '' })).toEqual({ url: 'https://a.example/mcp' });
  expect(ofAddress('https://a.example/mcp', [{ name: 'X-Team', value: 'blue' }], { id: 'id', secret: '' })).toEqual({ url: 'https://a.example/mcp', headers: { 'X-Team': 'blue' }, oauth: { clientId: 'id' } });
});

test('servers are found in the files of others', () => {
  const a = { url: 'https://a.example/mcp' };
  expect(ofJson(JSON.stringify({ mcpServers: { a }, users: [] }))).toEqual([{ name: 'a', config: a }]);
  expect(ofJson(JSON.stringify({ servers: { a } }))).toEqual([{ name: 'a', config: a }]);
  expect(ofJson(JSON.stringify({ a }))).toEqual([{ name: 'a', config: a }]);
  expect(ofJson(JSON.stringify(a))).toEqual([{ name: '', config: a }]);
  for (const wrong of ['', '[]', '{}', '{"a": 1}', '{"mcpServers": {"a": {"name": "x"}}}']) expect(ofJson(wrong), wrong).toBeUndefined();
});
