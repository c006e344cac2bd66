// The lines of the hub's log, as its stream tells them. The stream is open while somebody looks.

import { useEffect, useReducer } from 'react';
import { loginHeader, pageFolder, Refusal, refusedBy } from '../../api/ask';
import type { LogEvent, LogLine } from '../../api/shape';
import { follow } from '../../api/stream';

/** As many are kept here. */
const KEPT = 2_000;
const AGAIN = 3_000;

export interface Told {
  lines: LogLine[] | undefined;
  lost: number;
  error: unknown;
}

type Change = LogEvent | { type: 'failed'; error: unknown } | { type: 'cleared' };

export function after(told: Told, change: Change): Told {
  switch (change.type) {
    case 'initial':
      return { lines: change.logs.slice(-KEPT), lost: 0, error: null };
    case 'log':
      return { ...told, lines: [...(told.lines ?? []), change.log].slice(-KEPT) };
    case 'lost':
      return { ...told, lost: told.lost + change.lost };
    case 'cleared':
      return { ...told, lines: [], lost: 0 };
    case 'failed':
      return { ...told, error: change.error };
  }
}

export function useLines(): Told & { clear: () => void } {
  const [told, tell] = useReducer(after, { lines: undefined, lost: 0, error: null });
  useEffect(() => {
    const end = new AbortController();
    void run(tell, end.signal);
    return () => end.abort();
  }, []);
  return { ...told, clear: () => tell({ type: 'cleared' }) };
}

async function run(tell: (change: Change) => void, end: AbortSignal): Promise<void> {
  while (!end.aborted) {
    try {
      const response = await fetch(`${pageFolder()}api/logs/stream`, { headers: { ...loginHeader(), accept: 'text/event-stream' }, signal: end, cache: 'no-store' });
      if (!response.ok || response.body === null) throw await refusedBy(response);
      await follow(response.body, ({ data }) => tell(JSON.parse(data) as LogEvent));
    } catch (error) {
      // Nobody answers, or the line was cut.
      const unheard = error instanceof TypeError ? new Refusal(error.message, 0, 'unreachable') : error;
      if (!end.aborted) tell({ type: 'failed', error: unheard });
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
  }
}
