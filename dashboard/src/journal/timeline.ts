// The journal of a server as a strip: sign-ins, each in its stages, with what happened in each.

import type { Entry, Stage } from '../api/shape';

export const STEPS = ['discovery', 'registration', 'authorization', 'callback', 'token', 'connected', 'renewals', 'signOut'] as const;
export type Step = (typeof STEPS)[number];

/** `left`: begun and never finished. `unneeded`: what comes after it happened without it. */
export type Mark = 'done' | 'failed' | 'waiting' | 'left' | 'unneeded' | 'ahead';

export interface Stretch {
  step: Step;
  mark: Mark;
  entries: Entry[];
  began?: string;
  /** From its first entry to the end of its last. */
  took?: number;
}

export interface SignIn {
  id: string;
  began: string;
  stretches: Stretch[];
  renewed: number;
}

const STEP_OF: Record<Stage, Step> = {
  discovery: 'discovery',
  registration: 'registration',
  authorization_url: 'authorization',
  callback: 'callback',
  token_exchange: 'token',
  connect: 'connected',
  refresh: 'renewals',
  heal: 'token',
  step_up: 'authorization',
  revoke: 'signOut',
};

/** What happens to a sign-in that was through; how it went says nothing of the way there. */
const isAfterwards = (step: Step) => step === 'renewals' || step === 'signOut';

/** The sign-ins of a journal, the newest first. `waits`: a link waits for a person, which is the newest one's. */
export function fold(entries: Entry[], waits = true): SignIn[] {
  const gathered = gather(entries);
  return gathered.map(({ id, entries }, place) => signIn(id, entries, waits && place === gathered.length - 1)).reverse();
}

/** The one that counts: the newest, unless it was left and an older one is what the server is connected with; where a sign-in `failed`, the one that did, whatever the hub has begun since. */
export function chief(signIns: SignIn[], failed = false): SignIn | undefined {
  const [newest] = signIns;
  const broken = failed ? signIns.find((it) => ![undefined, 'signOut'].includes(stepOf(it, 'failed'))) : undefined;
  if (broken !== undefined) return broken;
  const left = newest !== undefined && stepOf(newest, 'left') !== undefined;
  return left ? (signIns.find(wentThrough) ?? newest) : newest;
}

function stepOf({ stretches }: SignIn, mark: Mark): Step | undefined {
  return stretches.find((stretch) => stretch.mark === mark)?.step;
}

function wentThrough({ stretches }: SignIn): boolean {
  return stretches.some((stretch) => stretch.step === 'connected' && stretch.mark === 'done');
}

/** What came of it, and for a failure where. */
export function outcome(signIn: SignIn): { came: 'failed' | 'signedOut' | 'through' | 'waiting' | 'left'; at?: Step } {
  const at = stepOf(signIn, 'failed');
  if (at !== undefined && !isAfterwards(at)) return { came: 'failed', at };
  if (signIn.stretches.some((stretch) => stretch.step === 'signOut')) return { came: 'signedOut' };
  if (wentThrough(signIn)) return { came: 'through' };
  return { came: stepOf(signIn, 'waiting') === undefined ? 'left' : 'waiting' };
}

interface Gathered {
  id: string;
  entries: Entry[];
}

/** What says to which sign-in it belongs, belongs there; a renewal and a sign-out belong to the one that was through before. */
function gather(entries: Entry[]): Gathered[] {
  const gathered: Gathered[] = [];
  let before: Entry[] = [];
  for (const entry of entries) {
    if (entry.signIn === undefined) {
      const through = entry.stage === 'refresh' || entry.stage === 'revoke' ? gathered.findLast(isThrough) : undefined;
      const to = through ?? (entry.stage === 'step_up' ? undefined : gathered.at(-1));
      // Wanting more is how the next sign-in begins.
      if (to === undefined) before.push(entry);
      else to.entries.push(entry);
      continue;
    }
    const known = gathered.find((it) => it.id === entry.signIn);
    if (known === undefined) {
      gathered.push({ id: entry.signIn, entries: [...before, entry] });
      before = [];
    } else {
      known.entries.push(entry);
    }
  }
  if (before.length > 0) gathered.push({ id: '', entries: before });
  return gathered;
}

function isThrough({ entries }: Gathered): boolean {
  return entries.some((entry) => entry.stage === 'connect');
}

function signIn(id: string, entries: Entry[], waits: boolean): SignIn {
  const of = (step: Step) => entries.filter((entry) => STEP_OF[entry.stage] === step);
  const way = entries.filter((entry) => !isAfterwards(STEP_OF[entry.stage]));
  const last = way.at(-1);
  const farthest = Math.max(-1, ...way.map((entry) => STEPS.indexOf(STEP_OF[entry.stage])));
  const mark = (step: Step, place: number, own: Entry[]): Mark => {
    if (isAfterwards(step)) return own.length === 0 ? 'ahead' : own.at(-1) !== undefined && wentWrong(own.at(-1)) ? 'failed' : 'done';
    if (own.length === 0) return place < farthest ? 'unneeded' : 'ahead';
    if (last !== undefined && own.includes(last) && endsBadly(last)) return 'failed';
    if (step === 'authorization' && place === farthest) return waits ? 'waiting' : 'left';
    return 'done';
  };
  // A sign-out is on no way to a sign-in, so nobody is told that it has not come to that yet; and behind one no renewal comes any more.
  const ended = of('signOut').length > 0;
  const steps = STEPS.filter((step) => of(step).length > 0 || (step === 'renewals' ? !ended : step !== 'signOut'));
  const stretches = steps.map((step, place) => {
    const own = of(step);
    return { step, mark: mark(step, place, own), entries: own, ...span(own) };
  });
  const renewed = entries.filter((entry) => entry.stage === 'refresh' && entry.decision.startsWith('renewed')).length;
  return { id, began: entries[0]?.time ?? '', stretches, renewed };
}

/** A cure that nothing follows goes on as another sign-in: this one came to nothing. */
function endsBadly(last: Entry): boolean {
  return wentWrong(last) || last.stage === 'heal';
}

/** What has the number of an error, the hub's own word for an end, or an answer that says no. */
export function wentWrong(entry: Entry | undefined): boolean {
  if (entry === undefined) return false;
  if (entry.errorCode !== undefined || entry.decision === 'stopped') return true;
  // Discovery looks in several places, and most of them are empty.
  if ((entry.status ?? 0) >= 400) return entry.stage !== 'discovery';
  return entry.stage === 'refresh' && entry.request === undefined && !entry.decision.startsWith('renewed');
}

function span(entries: Entry[]): { began?: string; took?: number } {
  const [first, last] = [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return {};
  // An exchange has the time at which it began.
  const end = Date.parse(last.time) + (last.durationMs ?? 0);
  return { began: first.time, took: Math.max(0, end - Date.parse(first.time)) };
}
