// A rule's id as people write it: `rfc9728-3.3` is `RFC 9728 3.3`; other rules keep their name.

export function ruleInWords(rule: string): string {
  const rfc = /^rfc(\d+)-(.+)$/.exec(rule);
  return rfc ? `RFC ${rfc[1]} ${rfc[2]}` : rule;
}
