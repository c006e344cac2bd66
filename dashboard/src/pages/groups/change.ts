// What is sent to change a group: only what somebody changed of it, done to the group as it is by now. A dialog may have been open for long.

import type { QueryClient } from '@tanstack/react-query';
import type { TFunction } from 'i18next';
import { Refusal } from '../../api/ask';
import { changeGroup, listGroups } from '../../api/calls';
import { keys } from '../../api/keys';
import type { Group, GroupWish } from '../../api/shape';
import { namesAfter, sharingOf, strangeWord, UNSAID, wishOf, type Sharing } from '../../sharing/sharing';
import { idOf, membersAfter, membersOf, selectionOf, type Selection } from './members';

export interface Draft {
  name: string;
  description: string;
  selection: Selection;
  sharing: Sharing;
}

export function draftOf(group: Group): Draft {
  return { name: group.name, description: group.description ?? '', selection: selectionOf(group), sharing: sharingOf(group, UNSAID.group) };
}

/** `undefined` where there is nothing to send: the group is as it is wished to be. */
export function wishFor(was: Draft, now: Draft, group: Group): GroupWish | undefined {
  const there = draftOf(group);
  const choice = now.sharing.choice === was.sharing.choice ? there.sharing.choice : now.sharing.choice;
  const users = namesAfter(was.sharing.users, now.sharing.users, there.sharing.users);
  const members = membersOf(membersAfter(was.selection, now.selection, there.selection));
  const wish: GroupWish = {
    ...(now.name === was.name ? {} : { name: now.name }),
    ...(now.description === was.description ? {} : { description: now.description }),
    ...(JSON.stringify(members) === JSON.stringify(membersOf(there.selection)) ? {} : { servers: members }),
    ...(strangeWord(group) === undefined ? {} : { visibility: choice }),
    ...wishOf(there.sharing, { choice, users }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}

/** Reads the groups once more first: events come a moment late, and do not come at all while the line is broken. */
export async function saveGroup(known: QueryClient, id: string, was: Draft, now: Draft): Promise<void> {
  const groups = await known.fetchQuery({ queryKey: keys.groups, queryFn: ({ signal }) => listGroups(signal), staleTime: 0 });
  const group = groups.find((it) => idOf(it) === id);
  if (group === undefined) throw new Refusal(id, 404, GONE);
  const wish = wishFor(was, now, group);
  if (wish !== undefined) await changeGroup(id, wish);
}

const GONE = 'no_such_group';

/** The hub names a group by its id; people know it by its name. */
export function inWords(t: TFunction, error: unknown, name: string): unknown {
  return error instanceof Refusal && error.code === GONE ? new Refusal(t('groups.gone', { name }), error.status, error.code) : error;
}
