// How a new server is called, as `mcphub add` calls it.

/** Labels before the last one under which many countries sell names. */
const SECOND_LEVEL = ['co', 'com', 'org', 'net', 'gov', 'edu', 'ac', 'or', 'ne'];

/** `https://mcp.linear.app/mcp` is `linear`; with a number behind when the name is taken. */
export function freeName(wanted: string, known: string[]): string {
  if (!known.includes(wanted)) return wanted;
  for (let number = 2; ; number += 1) if (!known.includes(`${wanted}-${number}`)) return `${wanted}-${number}`;
}

export function nameOf(address: string): string | undefined {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return undefined;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  const labels = url.hostname.split('.').filter((label) => label !== '');
  const local = url.port === '' ? 'local' : `local-${url.port}`;
  if (url.hostname === 'localhost' || url.hostname.startsWith('[') || /^[\d.]+$/.test(url.hostname)) return local;
  if (labels.length < 2) return labels[0] ?? local;
  const second = labels.at(-2);
  const own = second !== undefined && SECOND_LEVEL.includes(second) && labels.length > 2 ? labels.at(-3) : second;
  return own ?? local;
}

/** `npx -y @modelcontextprotocol/server-memory` is `memory`. */
export function nameOfCommand(words: string[]): string | undefined {
  const program = words.findLast((word) => !word.startsWith('-') && /[a-z]/i.test(word));
  const last = program?.split('/').at(-1)?.replace(/@[^@]*$/, '').replace(/\.\w+$/, '');
  const name = last?.replace(/^(mcp-)?server-|^mcp-|-(mcp-)?server$|-mcp$/g, '').replace(/[^\w.-]/g, '-');
  return name === '' ? undefined : name;
}
