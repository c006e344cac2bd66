// Which tool somebody means: by the name that is shown of it, or by the one that its server gave it, under which its calls are told.

import type { Tool } from '../../api/shape';

/** What stands before a server's own name is the same for all its tools; which separator the hub puts there is not told to everybody. */
export function called(item: string | undefined, server: string, tools: Tool[]): Tool | undefined {
  if (item === undefined) return undefined;
  const before = (tool: Tool) => tool.name.slice(0, tool.name.length - item.length);
  const isOwn = (tool: Tool) => tool.name.endsWith(item) && before(tool).startsWith(server) && tools.every(({ name }) => name.startsWith(before(tool)));
  return tools.find(({ name }) => name === item) ?? tools.filter(isOwn).reduce<Tool | undefined>((found, tool) => (found && found.name.length >= tool.name.length ? found : tool), undefined);
}
