// What a form says, as the configuration of a server.

import type { JsonMap } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { withClient } from '../server/give-client';

export interface Named {
  name: string;
  config: JsonMap;
}

export interface Pair {
  name: string;
  value: string;
}

/** Without a type the hub finds out itself which transport the server speaks. */
export function ofAddress(url: string, headers: Pair[], client: { id: string; secret: string }): JsonMap {
  const config: JsonMap = { url: url.trim() };
  const said = asMap(headers);
  if (Object.keys(said).length > 0) config['headers'] = said;
  return client.id.trim() === '' ? config : withClient(config, client.id.trim(), client.secret.trim());
}

export function ofCommand(line: string, variables: Pair[]): JsonMap {
  const [command = '', ...args] = split(line);
  const env = asMap(variables);
  return { command, args, ...(Object.keys(env).length > 0 ? { env } : {}) };
}

function asMap(pairs: Pair[]): JsonMap {
  return Object.fromEntries(pairs.filter(({ name }) => name.trim() !== '').map(({ name, value }) => [name.trim(), value]));
}

/** The words of a command line, with quotes as a shell reads them; nothing is run or filled in. */
export function split(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (const letter of line) {
    if (quote !== undefined) {
      if (letter === quote) quote = undefined;
      else word = (word ?? '') + letter;
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= '';
    } else if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + letter;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}

/** Servers out of pasted JSON: a whole file, its `mcpServers`, VS Code's `servers`, or one configuration. */
export function ofJson(text: string): Named[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isMap(value)) return undefined;
  const table = value['mcpServers'] ?? value['servers'] ?? (isConfig(value) ? { '': value } : value);
  if (!isMap(table)) return undefined;
  const named = Object.entries(table).flatMap(([name, config]) => (isMap(config) && isConfig(config) ? [{ name, config }] : []));
  return named.length === Object.keys(table).length && named.length > 0 ? named : undefined;
}

function isConfig(value: JsonMap): boolean {
  return ['url', 'command', 'openapi', 'httpUrl'].some((key) => typeof value[key] === 'string' || isMap(value[key]));
}
