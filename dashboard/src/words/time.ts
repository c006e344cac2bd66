// Times as people read them.

/** Made once for each language: making one is slow. */
const made = new Map<string, Intl.DateTimeFormat>();

function format(language: string, kind: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${kind} ${language}`;
  const known = made.get(key) ?? new Intl.DateTimeFormat(language, { ...options, hourCycle: 'h23' });
  made.set(key, known);
  return known;
}

export function clock(time: string, language: string): string {
  return format(language, 'clock', { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(time));
}

export function dayAndClock(time: string, language: string): string {
  return format(language, 'day', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(time));
}

/** The clock of today; what was on another day says which. */
export function sinceToday(time: string, language: string): string {
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return (isToday ? clock : dayAndClock)(time, language);
}

/** To the second. */
export function dayAndExactClock(time: string, language: string): string {
  return format(language, 'exact', { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(time));
}

export function took(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1_000).toFixed(milliseconds < 10_000 ? 1 : 0)} s`;
  if (milliseconds < 3_600_000) return `${Math.round(milliseconds / 60_000)} min`;
  return `${Math.round(milliseconds / 3_600_000)} h`;
}
