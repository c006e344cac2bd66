// The AI clients that people use: where each keeps its configuration, and how it writes down a server over HTTP. The same facts as
// `mcphub connect` has.

import type { Json, JsonMap } from '../../api/shape';

export const CLIENTS = ['claude-code', 'claude-desktop', 'cursor', 'vscode', 'codex', 'gemini', 'windsurf'] as const;
export type Client = (typeof CLIENTS)[number];

export const TITLES: Record<Client, string> = {
  'claude-code': 'Claude Code',
  'claude-desktop': 'Claude Desktop',
  cursor: 'Cursor',
  vscode: 'VS Code',
  codex: 'Codex',
  gemini: 'Gemini CLI',
  windsurf: 'Windsurf',
};

export type System = 'linux' | 'mac' | 'windows';

/** Where programs with windows keep theirs. */
const APPLICATIONS: Record<System, string> = { linux: '~/.config', mac: '~/Library/Application Support', windows: '%APPDATA%' };

export function fileOf(client: Client, system: System): string {
  const home = system === 'windows' ? '%USERPROFILE%' : '~';
  const path = {
    'claude-code': `${home}/.claude.json`,
    'claude-desktop': `${APPLICATIONS[system]}/Claude/claude_desktop_config.json`,
    cursor: `${home}/.cursor/mcp.json`,
    vscode: `${APPLICATIONS[system]}/Code/User/mcp.json`,
    codex: `${home}/.codex/config.toml`,
    gemini: `${home}/.gemini/settings.json`,
    windsurf: `${home}/.codeium/windsurf/mcp_config.json`,
  }[client];
  return system === 'windows' ? path.replaceAll('/', '\\') : path;
}

export function systemOf(agent: string): System {
  if (/Windows/i.test(agent)) return 'windows';
  return /Mac OS|Macintosh/i.test(agent) ? 'mac' : 'linux';
}

/** Under which key its file lists servers. */
export function tableOf(client: Client): string {
  if (client === 'vscode') return 'servers';
  return client === 'codex' ? 'mcp_servers' : 'mcpServers';
}

/** The variable of the environment that carries the header past a command line that others can read. */
const HEADER_VARIABLE = 'MCPHUB_AUTHORIZATION';

/** The entry for a hub, with a bearer key where it asks for one. */
export function entryOf(client: Client, url: string, key: string | undefined): JsonMap {
  const header = key === undefined ? undefined : `Bearer ${key}`;
  const headers = header === undefined ? {} : { [client === 'codex' ? 'http_headers' : 'headers']: { Authorization: header } };
  switch (client) {
    case 'claude-desktop':
      return bridged(url, header);
    case 'claude-code':
    case 'vscode':
      return { type: 'http', url, ...headers };
    case 'cursor':
    case 'codex':
      return { url, ...headers };
    case 'gemini':
      return { httpUrl: url, ...headers };
    case 'windsurf':
      return { serverUrl: url, ...headers };
  }
}

/** Through a local program, for a client that knows nothing else. */
function bridged(url: string, header: string | undefined): JsonMap {
  const at = new URL(url);
  const loopback = /^(localhost|127\.[\d.]+|\[::1\])$/.test(at.hostname);
  const args = ['-y', 'mcp-remote', url, ...(at.protocol === 'http:' && !loopback ? ['--allow-http'] : [])];
  if (header === undefined) return { command: 'npx', args };
  return { command: 'npx', args: [...args, '--header', `Authorization:\${${HEADER_VARIABLE}}`], env: { [HEADER_VARIABLE]: header } };
}

/** The entry as it stands in the client's file. */
export function written(client: Client, name: string, entry: JsonMap): string {
  if (client === 'codex') return toml([tableOf(client), name], entry);
  return JSON.stringify({ [tableOf(client)]: { [name]: entry } }, null, 2);
}

/** TOML, as far as an entry needs it. A text of JSON is one of TOML as well. */
function toml(path: string[], entry: JsonMap): string {
  const key = (word: string) => (/^[\w-]+$/.test(word) ? word : JSON.stringify(word));
  const value = (told: Json | undefined): string => {
    if (Array.isArray(told)) return `[${told.map(value).join(', ')}]`;
    if (typeof told === 'object' && told !== null) return `{ ${Object.entries(told).map(([name, inner]) => `${key(name)} = ${value(inner)}`).join(', ')} }`;
    return JSON.stringify(told);
  };
  return [`[${path.map(key).join('.')}]`, ...Object.entries(entry).map(([name, told]) => `${key(name)} = ${value(told)}`)].join('\n');
}
