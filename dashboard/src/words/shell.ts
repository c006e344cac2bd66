// Names and values as a shell takes them.

export function quoted(name: string): string {
  return /^[\p{L}\p{N}\-_./@:]+$/u.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
}

export function command(...words: string[]): string {
  return ['mcphub', ...words].join(' ');
}
