// One examination: asked for, read line by line, and as text for a report.

import { useEffect, useReducer, useRef } from 'react';
import { ask, Refusal, unheard } from '../../api/ask';
import type { DoctorLine, DoctorOutcome } from '../../api/shape';
import { follow, type Told } from '../../api/stream';

export type Whom = { server: string } | { url: string };
export type Wish = Whom & { register?: boolean };

export interface Examination {
  /** None before the first. */
  of: Wish | undefined;
  lines: DoctorLine[];
  outcome: DoctorOutcome | undefined;
  error: unknown;
  under: boolean;
}

export type Change = { type: 'begun'; wish: Wish } | { type: 'told'; told: Told } | { type: 'failed'; error: unknown } | { type: 'over' };

export const NONE: Examination = { of: undefined, lines: [], outcome: undefined, error: null, under: false };

export function after(now: Examination, change: Change): Examination {
  switch (change.type) {
    case 'begun':
      return { ...NONE, of: change.wish, under: true };
    case 'told':
      return heard(now, change.told);
    case 'failed':
      return { ...now, error: change.error, under: false };
    case 'over':
      return { ...now, under: false };
  }
}

function heard(now: Examination, { event, data }: Told): Examination {
  if (event === 'line') return { ...now, lines: [...now.lines, JSON.parse(data) as DoctorLine] };
  if (event === 'end') return { ...now, outcome: (JSON.parse(data) as { outcome: DoctorOutcome }).outcome, under: false };
  return now;
}

/** One at a time; it is given up when another begins, and when the page is left. */
export function useExamination() {
  const [now, tell] = useReducer(after, NONE);
  const end = useRef<AbortController>(undefined);
  useEffect(() => () => end.current?.abort(), []);
  const stop = () => {
    end.current?.abort();
    tell({ type: 'over' });
  };
  const begin = (wish: Wish) => {
    end.current?.abort();
    const own = (end.current = new AbortController());
    tell({ type: 'begun', wish });
    void run(wish, own.signal, (change) => !own.signal.aborted && tell(change));
  };
  return { ...now, begin, stop };
}

export async function run(wish: Wish, signal: AbortSignal, tell: (change: Change) => void): Promise<void> {
  try {
    const headers = { 'content-type': 'application/json', accept: 'text/event-stream' };
    const stream = await ask('api/doctor', { method: 'POST', headers, body: JSON.stringify(wish), signal });
    let ended = false;
    await follow(stream, (told) => {
      ended ||= told.event === 'end';
      tell({ type: 'told', told });
    });
    if (!ended) throw new Refusal('', 0, 'unreachable');
  } catch (error) {
    tell({ type: 'failed', error: unheard(error) });
  }
}

/** As `mcphub doctor --report` writes it. */
export function report(lines: DoctorLine[]): string {
  const more = (what: string, said: string | undefined) => (said === undefined ? [] : [`         ${what.padEnd(13)} ${said}`]);
  return lines
    .flatMap((line) => {
      const behind = [line.clause && `(${line.clause})`, line.errorCode].filter(Boolean).map((it) => `   ${it}`);
      return [`[${line.code}] ${line.verdict}  ${line.part.padEnd(13)} ${line.text}${behind.join('')}`, ...more('asked', line.asked), ...more('came back', line.came), ...more('do', line.do)];
    })
    .join('\n');
}
