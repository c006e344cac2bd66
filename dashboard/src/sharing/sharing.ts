// Whom a group or a server is for, as the settings say it.

import type { JsonMap } from '../api/shape';

export const CHOICES = ['private', 'group', 'public'] as const;
export type Choice = (typeof CHOICES)[number];

export interface Sharing {
  choice: Choice;
  /** They count where the choice is `group`, and are kept where it is not. */
  users: string[];
}

/** What it means that nothing is said: a server is for nobody else then, a group for everybody as before there was the word. */
export const UNSAID = { server: 'private', group: 'public' } as const;

type Written = { visibility?: unknown; sharedWithUsers?: unknown };

/** A word that the hub does not know, as it stands there. */
export function strangeWord({ visibility }: Written): string | undefined {
  if (visibility === undefined || visibility === null || CHOICES.some((it) => it === visibility)) return undefined;
  return typeof visibility === 'string' ? visibility : JSON.stringify(visibility);
}

/** A word that the hub does not know is `private` to it. */
export function sharingOf({ visibility, sharedWithUsers }: Written, unsaid: Choice): Sharing {
  const choice = visibility === undefined || visibility === null ? unsaid : (CHOICES.find((it) => it === visibility) ?? 'private');
  const users = Array.isArray(sharedWithUsers) ? sharedWithUsers.filter((name) => typeof name === 'string') : [];
  return { choice, users: [...new Set(users)] };
}

/** Whether it is for anybody beside its owner and administrators. */
export function isShared({ choice, users }: Sharing): boolean {
  return choice === 'public' || (choice === 'group' && users.length > 0);
}

/** Only what was changed, so that the rest stays as it is written. */
export function wishOf(was: Sharing, now: Sharing): { visibility?: Choice; sharedWithUsers?: string[] } {
  return {
    ...(now.choice === was.choice ? {} : { visibility: now.choice }),
    ...(isSame(was.users, now.users) ? {} : { sharedWithUsers: now.users }),
  };
}

/** What somebody made of the names that were there, done to those that are there by now: whom others added stays, and whom others took out stays out. */
export function namesAfter(was: string[], now: string[], there: string[]): string[] {
  const added = now.filter((name) => !was.includes(name));
  return [...new Set([...there.filter((name) => now.includes(name) || !was.includes(name)), ...added])];
}

/** A server's settings with another choice in them; whoever takes his choice back leaves them as they were `before` it. */
export function withSharing(config: JsonMap, before: JsonMap, next: Sharing): JsonMap {
  const wish = wishOf(sharingOf(config, UNSAID.server), next);
  const was = wishOf(sharingOf(before, UNSAID.server), next);
  let now = config;
  for (const key of ['visibility', 'sharedWithUsers'] as const) {
    if (wish[key] === undefined) continue;
    const value = was[key] ?? before[key];
    const { [key]: _, ...others } = now;
    now = value === undefined ? others : { ...now, [key]: value };
  }
  return now;
}

function isSame(some: string[], others: string[]): boolean {
  return some.length === others.length && some.every((name) => others.includes(name));
}
