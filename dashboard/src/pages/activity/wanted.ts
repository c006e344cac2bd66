// Which calls are shown: what the address says, as the API asks for it.

import type { ActivityQuery } from '../../api/calls';

/** Minutes. */
export const WITHIN = { quarter: 15, hour: 60, day: 24 * 60 } as const;
export type Within = keyof typeof WITHIN;

export interface Wanted {
  server?: string | undefined;
  tool?: string | undefined;
  status?: string | undefined;
  q?: string | undefined;
  since?: string | undefined;
}

const STATUSES = ['success', 'error'];
/** As much of a search as the API is asked for. */
const LONGEST = 500;

export const isWithin = (word: string | undefined): word is Within => word !== undefined && Object.hasOwn(WITHIN, word);

export function isNarrowed(wanted: Wanted): boolean {
  return Object.values(wanted).some((value) => value !== undefined);
}

/** What is no word of ours narrows nothing: addresses are typed, too. */
export function query({ server, tool, status, q, since }: Wanted, now: number): ActivityQuery {
  const asked: ActivityQuery = {};
  if (server !== undefined) asked.server = server;
  if (tool !== undefined) asked.tool = tool;
  if (status !== undefined && STATUSES.includes(status)) asked.status = status;
  if (q !== undefined && q.trim() !== '') asked.text = q.trim().slice(0, LONGEST);
  if (isWithin(since)) asked.startDate = new Date(now - WITHIN[since] * 60_000).toISOString();
  return asked;
}
