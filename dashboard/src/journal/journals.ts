// The journals of several servers as one, in the order of time.

import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useNews } from '../api/hooks';
import { keys } from '../api/keys';
import type { Entry, Server } from '../api/shape';

/** A local program has no sign-in, and so no journal. */
export function hasJournal(server: Server): boolean {
  return server.transport !== 'stdio' && server.config?.['command'] === undefined;
}

export function useJournals(servers: Server[]): { entries: Entry[]; pending: boolean; error: unknown } {
  const news = useNews();
  const told = useQueries({
    queries: servers.filter(hasJournal).map((server) => ({
      queryKey: keys.journal(server.name),
      queryFn: ({ signal }: { signal: AbortSignal }) => news.journal(server.name, signal),
      // The stream tells what is new.
      refetchOnWindowFocus: false,
    })),
    combine: (results) => ({
      lists: results.map((result) => result.data),
      pending: results.some((result) => result.isPending),
      error: results.find((result) => result.error !== null)?.error ?? null,
    }),
  });
  const entries = useMemo(() => told.lists.flatMap((list) => list ?? []).sort((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0)), [told.lists]);
  return { entries, pending: told.pending, error: told.error };
}
