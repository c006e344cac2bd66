// What servers say of themselves is JSON of their own, and the hub hands it on. Here it becomes what pages count on: texts are texts, and
// lists are lists.

import { isMap, shown } from '../schema/schema';
import type { Json, JsonMap, Outcome, Prompt, PromptOutcome, Resource, ResourceOutcome, Server, Tool } from './shape';

/** A text as it was said; what is none, as JSON. */
export function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : shown(value as Json);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

export function heardServer(said: unknown): Server {
  const server = said as Server;
  return { ...server, tools: items(server.tools).map(tool), prompts: items(server.prompts).map(prompt), resources: items(server.resources) as Resource[] };
}

/** What was answered, whatever it has. */
export function heardOutcome(said: unknown): Outcome & PromptOutcome & ResourceOutcome {
  return isMap(said) ? said : {};
}

const TEXTS = ['name', 'uri', 'title', 'description', 'mimeType'];

function items(said: unknown): JsonMap[] {
  return list(said).filter(isMap).map(withTexts);
}

function withTexts(item: JsonMap): JsonMap {
  const texts = TEXTS.filter((key) => item[key] !== undefined && typeof item[key] !== 'string');
  if (texts.length === 0) return item;
  const { ...it }: { [key: string]: Json | undefined } = item;
  for (const key of texts) it[key] = text(it[key]);
  return it as JsonMap;
}

function tool(item: JsonMap): Tool {
  const { annotations } = item;
  return { ...item, annotations: isMap(annotations) ? withTexts(annotations) : undefined } as Tool;
}

function prompt(item: JsonMap): Prompt {
  return { ...item, arguments: items(item['arguments']) } as unknown as Prompt;
}
