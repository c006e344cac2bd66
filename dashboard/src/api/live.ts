// A stream that is kept open while somebody looks. A browser has six lines to a hub for all its tabs, so a page that nobody sees gives its
// own back; and what broke is taken up again, after longer and longer waits.

import { ask, Refusal, unheard } from './ask';
import { follow, type Told } from './stream';

/** A page that is hidden for so long gives its line back; who only passes by it does not make it read everything again. */
const PASSING = 1_000;
const SHORTEST_WAIT = 1_000;
const LONGEST_WAIT = 20_000;
/** A stream that lived so long is no part of the trouble before it. */
const WELL = 10_000;
/** The hub says something every 15 s, if only that it is there. */
const SILENCE = 45_000;

export interface Live {
  path: string;
  /** Each time that it is open, also after a break. */
  opened?: () => void;
  hear: (told: Told) => void;
  /** It will be tried again. */
  broken: (error: unknown) => void;
}

/** Gives what ends it. */
export function keepOpen(live: Live): () => void {
  const end = new AbortController();
  void keep(live, end.signal);
  return () => end.abort();
}

async function keep(live: Live, end: AbortSignal): Promise<void> {
  let wait = SHORTEST_WAIT;
  for (;;) {
    await seen(end);
    if (end.aborted) return;
    const began = Date.now();
    const line = new Line(end);
    try {
      await line.read(live);
    } catch (error) {
      if (end.aborted) return;
      if (!line.wasLeft) live.broken(unheard(error));
    } finally {
      line.close();
    }
    if (line.wasLeft) continue;
    if (Date.now() - began > WELL) wait = SHORTEST_WAIT;
    await pause(wait * (0.75 + Math.random() / 2), end);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** One connection: it ends with its page, when nobody sees the page, and when nothing comes any more. */
class Line {
  wasLeft = false;
  private readonly cut = new AbortController();
  private leaving: Timer;
  private silent: Timer;

  constructor(end: AbortSignal) {
    end.addEventListener('abort', () => this.close(), { signal: this.cut.signal });
    document.addEventListener('visibilitychange', this.look);
    this.look();
  }

  async read({ path, opened, hear }: Live): Promise<never> {
    this.heard();
    const stream = await ask(path, { headers: { accept: 'text/event-stream' }, signal: this.cut.signal });
    opened?.();
    await follow(stream, hear, this.heard);
    throw new Refusal('', 0, 'unreachable');
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.look);
    clearTimeout(this.leaving);
    clearTimeout(this.silent);
    this.cut.abort();
  }

  private readonly look = (): void => {
    clearTimeout(this.leaving);
    if (isHidden()) this.leaving = setTimeout(() => this.leave(), PASSING);
  };

  private leave(): void {
    this.wasLeft = true;
    this.cut.abort();
  }

  private readonly heard = (): void => {
    clearTimeout(this.silent);
    this.silent = setTimeout(() => this.cut.abort(new Refusal('', 0, 'unreachable')), SILENCE);
  };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

const isHidden = () => document.visibilityState === 'hidden';

/** Until somebody sees the page, or it is over. */
function seen(end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const look = () => {
      if (isHidden() && !end.aborted) return;
      over.abort();
      resolve();
    };
    document.addEventListener('visibilitychange', look, { signal: over.signal });
    end.addEventListener('abort', look, { signal: over.signal });
    look();
  });
}

function pause(milliseconds: number, end: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      clearTimeout(timer);
      end.removeEventListener('abort', over);
      resolve();
    };
    const timer = setTimeout(over, milliseconds);
    end.addEventListener('abort', over, { once: true });
    if (end.aborted) over();
  });
}
