// The lines of the hub's log, as its stream tells them. The stream is open while somebody looks.

import { useEffect, useReducer } from 'react';
import { Refusal } from '../../api/ask';
import { keepOpen } from '../../api/live';
import type { LogEvent, LogLine } from '../../api/shape';

/** As many are kept here. */
const KEPT = 2_000;

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
  useEffect(() => listen(tell), []);
  return { ...told, clear: () => tell({ type: 'cleared' }) };
}

/** Who may not read the log is told so once; the next attempt would say nothing else. */
export function listen(tell: (change: Change) => void): () => void {
  const end = keepOpen({
    path: 'api/logs/stream',
    hear: ({ data }) => tell(JSON.parse(data) as LogEvent),
    broken: (error) => {
      tell({ type: 'failed', error });
      if (error instanceof Refusal && error.status === 403) end();
    },
  });
  return end;
}
