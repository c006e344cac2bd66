// The members of a group while they are edited: which servers, and of each which items.

import type { Chosen, Group, Member, Server } from '../../api/shape';

export type Selection = Map<string, Member>;

export const LISTS = ['tools', 'prompts', 'resources'] as const;
export type List = (typeof LISTS)[number];

/** One that was written by hand may have its name only. */
export function idOf(group: Group): string {
  return group.id ?? group.name;
}

export function selectionOf(group: Group | undefined): Selection {
  const members = group?.servers ?? [];
  return new Map(members.map((member) => (typeof member === 'string' ? [member, { name: member }] : [member.name, member])));
}

/** As the file writes it: a name where nothing more is said. */
export function membersOf(selection: Selection): (string | Member)[] {
  return [...selection.values()].map((member) => {
    const said = Object.entries(member).filter(([key, value]) => key !== 'name' && value !== undefined && value !== 'all');
    return said.length === 0 ? member.name : { name: member.name, ...Object.fromEntries(said) };
  });
}

/** What somebody made of the members that were there, done to those that are there by now, list by list. */
export function membersAfter(was: Selection, now: Selection, there: Selection): Selection {
  const after: Selection = new Map([...there].filter(([name]) => now.has(name) || !was.has(name)));
  for (const [name, member] of now) {
    const before = was.get(name);
    const touched = LISTS.filter((list) => written(member[list]) !== written(before?.[list]));
    if (before !== undefined && touched.length === 0) continue;
    const chosen = Object.fromEntries(touched.map((list) => [list, member[list]]));
    after.set(name, { ...(there.get(name) ?? member), ...chosen });
  }
  return after;
}

/** Where nothing is said it is all of them. */
function written(chosen: Chosen | undefined): string {
  return JSON.stringify(chosen ?? 'all');
}

/** The items of a server by the names that a choice knows them by: a tool's own name, without the server's. */
export function itemsOf(server: Server, list: List): { key: string; label: string }[] {
  if (list === 'resources') return server.resources.map((resource) => ({ key: resource.uri, label: resource.name ?? resource.uri }));
  return server[list].map(({ name }) => ({ key: ownName(server, name), label: ownName(server, name) }));
}

/** `lab-add` of `lab` is `add`; the separator is whatever stands there. */
function ownName(server: Server, shown: string): string {
  if (!shown.startsWith(server.name)) return shown;
  return shown.slice(server.name.length + separatorOf(server).length);
}

/** What all shown names have in common behind the server's name: one that the settings choose. */
export function separatorOf(server: Server): string {
  const names = [...server.tools, ...server.prompts].map(({ name }) => name);
  const first = names[0]?.slice(server.name.length) ?? '-';
  const known = ['--', '__', '::', '-', '_', ':', '.', '/'].find((it) => first.startsWith(it) && names.every((name) => name.startsWith(server.name + it)));
  return known ?? first.slice(0, 1);
}

export function isChosen(chosen: Chosen | undefined, key: string): boolean {
  return chosen === undefined || chosen === 'all' || chosen.includes(key);
}

/** How many of a server's items a member chooses, of how many there are. */
export function countsOf(server: Server, member: Member): { chosen: number; all: number } {
  const items = LISTS.flatMap((list) => itemsOf(server, list).map(({ key }) => isChosen(member[list], key)));
  return { chosen: items.filter(Boolean).length, all: items.length };
}

/** The choice after one item was switched; all of them is `all`, so that items that come later are in it. */
export function chosenAfter(chosen: Chosen | undefined, all: string[], key: string, on: boolean): Chosen {
  const now = new Set(chosen === undefined || chosen === 'all' ? all : chosen);
  if (on) now.add(key);
  else now.delete(key);
  return all.every((it) => now.has(it)) ? 'all' : [...now];
}
