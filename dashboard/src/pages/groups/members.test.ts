// What a group chooses of its servers.

import { expect, test } from 'vitest';
import type { Group, Server } from '../../api/shape';
import { chosenAfter, countsOf, isChosen, itemsOf, membersAfter, membersOf, selectionOf } from './members';

test('a member that chooses nothing is written as its name, and what is not edited stays', () => {
  const group = { id: '1', name: 'g', servers: ['a', { name: 'b', alias: 'bee', tools: ['x'], pinnedTools: ['x'] }, { name: 'c', tools: 'all' as const }] };
  expect(membersOf(selectionOf(group))).toEqual(['a', { name: 'b', alias: 'bee', tools: ['x'], pinnedTools: ['x'] }, 'c']);
});

test('switching one off leaves the others; switching it on again is all of them', () => {
  const all = ['x', 'y'];
  expect(chosenAfter(undefined, all, 'x', false)).toEqual(['y']);
  expect(chosenAfter(['y'], all, 'x', true)).toBe('all');
  expect(chosenAfter(['y'], all, 'y', false)).toEqual([]);
  expect(isChosen([], 'x')).toBe(false);
  expect(isChosen(undefined, 'x')).toBe(true);
});

test('tools are chosen and counted by their own names, whatever separates them from the server', () => {
  const tool = (name: string) => ({ name, enabled: true });
  const server = { name: 'lab', tools: [tool('lab__add'), tool('lab___x')], prompts: [], resources: [] } as unknown as Server;
  expect(itemsOf(server, 'tools').map((item) => item.key)).toEqual(['add', '_x']);
  expect(countsOf(server, { name: 'lab' })).toEqual({ chosen: 2, all: 2 });
  expect(countsOf(server, { name: 'lab', tools: ['_x', 'gone'] })).toEqual({ chosen: 1, all: 2 });
});

test('what was changed of the members is done to those that are there by now, list by list', () => {
  const of = (...servers: Group['servers']) => selectionOf({ name: 'g', servers });
  const was = of('a', { name: 'b', tools: ['x'] }, 'c', 'd');
  const now = of('a', { name: 'b', tools: ['x', 'y'] }, { name: 'c', prompts: [] }, 'e');
  const there = of({ name: 'b', alias: 'bee', tools: ['x'], prompts: ['p'] }, { name: 'a', tools: ['z'] }, 'd', 'f');
  expect(membersOf(membersAfter(was, now, there))).toEqual([{ name: 'b', alias: 'bee', tools: ['x', 'y'], prompts: ['p'] }, { name: 'a', tools: ['z'] }, 'f', { name: 'c', prompts: [] }, 'e']);
  expect(membersAfter(was, was, there)).toEqual(there);
});
