// The one event stream, and what it does to what pages know. Nothing is asked for again by the clock: an event says what to read afresh, and
// an entry of a journal is added where the journal is shown.

import type { QueryClient } from '@tanstack/react-query';
import { listServers, readJournal, readServer } from './calls';
import { keys } from './keys';
import { keepOpen } from './live';
import type { Entry, Server, Servers, SettingsPart } from './shape';
import type { Told } from './stream';

/** The journal keeps as many of each server. */
const KEPT = 200;
/** Several events of one server come within moments; it is read once for them. */
const GATHERED = 50;
/** Calls that come and go tell of their server each time. */
const REST = 500;

/** What is read afresh when a part of the settings has changed. Who may do what is a matter of users, and what they agreed to counts as long as they are there. */
const OF_PART: Record<SettingsPart, readonly (readonly string[])[]> = {
  servers: [keys.servers],
  groups: [keys.groups],
  keys: [keys.bearerKeys, keys.door],
  users: [keys.users, keys.user, keys.programs],
  system: [keys.settings, keys.door],
  clients: [keys.programs],
};

export type Line = 'opening' | 'open' | 'broken';

const isSame = (one: Entry, other: Entry) => one.time === other.time && one.stage === other.stage && one.decision === other.decision && one.request?.path === other.request?.path;

/** A longer journal; an entry that is there already is not told twice. */
export function withEntry(entries: Entry[], entry: Entry): Entry[] {
  if (entries.slice(-20).some((it) => isSame(it, entry))) return entries;
  // Sign-ins of several servers are told as they were written, which need not be in the order of their times.
  const after = entries.findLastIndex((it) => it.time <= entry.time) + 1;
  return [...entries.slice(0, after), entry, ...entries.slice(after)].slice(-KEPT);
}

/** The list with this server as it is now. */
export function withServer(servers: Servers, server: Server): Servers {
  const place = servers.data.findIndex((it) => it.name === server.name);
  if (place < 0) return { ...servers, data: [...servers.data, server] };
  return { ...servers, data: servers.data.with(place, server) };
}

function withoutServer(servers: Servers, name: string): Servers {
  return { ...servers, data: servers.data.filter((it) => it.name !== name) };
}

export class News {
  private readonly stale = new Map<string, ReturnType<typeof setTimeout>>();
  /** Which reading of a server was begun last: an older answer is not put over a newer one. */
  private readonly readings = new Map<string, number>();
  private readonly readAt = new Map<string, number>();
  /** Servers that were told one by one while the list was on its way. */
  private readonly overtaking = new Map<string, Server>();
  /** Servers that were removed while the list was on its way. */
  private readonly gone = new Set<string>();
  /** Entries that were told one by one while their journal was on its way, by server. */
  private readonly heard = new Map<string, Entry[]>();
  /** Ends the waiting for answers about calls, after which they are asked for again. */
  private settling: (() => void) | undefined;
  private line: Line = 'opening';
  private readonly listeners = new Set<() => void>();
  private ended = new AbortController();

  constructor(private readonly known: QueryClient) {}

  /** Keeps the stream open until the end. */
  start(): () => void {
    const ended = (this.ended = new AbortController());
    const end = keepOpen({ path: 'api/events', opened: () => void this.openAnew(), hear: (told) => this.hear(told), broken: () => this.tell('broken') });
    return () => {
      end();
      ended.abort();
      this.stale.forEach(clearTimeout);
      this.stale.clear();
      this.settle();
    };
  }

  state = (): Line => this.line;

  onState = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** What one event changes. */
  hear(told: Told): void {
    if (told.event === 'lost' || told.event === 'all') {
      void this.known.invalidateQueries();
      return;
    }
    const what = read(told.data);
    if (what === undefined) return;
    switch (told.event) {
      case 'journal':
        return this.write(what as Partial<Entry>);
      case 'server':
      case 'lists': {
        const name = what[told.event === 'server' ? 'name' : 'server'];
        if (typeof name === 'string') this.renew(name);
        return;
      }
      case 'activity':
        return this.readCalls();
      case 'settings': {
        const parts = Array.isArray(what['parts']) ? (what['parts'] as SettingsPart[]) : [];
        for (const queryKey of parts.flatMap((part) => OF_PART[part] ?? [])) void this.known.invalidateQueries({ queryKey });
      }
    }
  }

  /** Calls come faster than answers may: one that is on its way is not cut off by the next news, or none would ever be shown. It is asked again behind it. */
  private readCalls(): void {
    const calls = { queryKey: keys.activity };
    if (this.known.isFetching(calls) === 0) return void this.known.invalidateQueries(calls);
    this.settling ??= this.known.getQueryCache().subscribe(() => {
      if (this.known.isFetching(calls) > 0) return;
      this.settle();
      void this.known.invalidateQueries(calls);
    });
  }

  private settle(): void {
    this.settling?.();
    this.settling = undefined;
  }

  private write(entry: Partial<Entry>): void {
    const { server } = entry;
    if (server === undefined) return;
    this.heard.get(server)?.push(entry as Entry);
    const add = (entries: Entry[] | undefined) => entries && withEntry(entries, entry as Entry);
    this.known.setQueryData<Entry[]>(keys.journal(server), add);
    this.renew(server);
  }

  /** The server is read afresh, once for all that happens in a moment; one of which there is news all the time, now and then. */
  renew(server: string): void {
    if (this.stale.has(server)) return;
    const rested = performance.now() - (this.readAt.get(server) ?? -Infinity);
    const read = async () => {
      this.stale.delete(server);
      this.readAt.set(server, performance.now());
      const reading = this.begin(server);
      try {
        const known = await readServer(server, this.ended.signal);
        if (this.readings.get(server) === reading) this.put(known);
      } catch {
        // It is gone, or the hub is; the list tells which.
        await this.known.invalidateQueries({ queryKey: keys.servers });
      }
    };
    this.stale.set(server, setTimeout(() => void read(), Math.max(GATHERED, REST - rested)));
  }

  /** Whatever is being read of the server is older from now on. */
  private begin(server: string): number {
    const reading = (this.readings.get(server) ?? 0) + 1;
    this.readings.set(server, reading);
    return reading;
  }

  /** The list; what was told of a single server meanwhile is newer, and so is that it was removed. */
  async list(signal: AbortSignal): Promise<Servers> {
    this.overtaking.clear();
    this.gone.clear();
    const servers = await listServers(signal);
    return [...this.overtaking.values()].reduce(withServer, [...this.gone].reduce(withoutServer, servers));
  }

  /** The journal of a server, with what was told of it meanwhile. */
  async journal(server: string, signal: AbortSignal): Promise<Entry[]> {
    const heard: Entry[] = [];
    this.heard.set(server, heard);
    try {
      const entries = await readJournal(server, signal);
      return heard.filter((entry) => !entries.some((it) => isSame(it, entry))).reduce(withEntry, entries);
    } finally {
      if (this.heard.get(server) === heard) this.heard.delete(server);
    }
  }

  put(server: Server): void {
    this.overtaking.set(server.name, server);
    this.gone.delete(server.name);
    this.known.setQueryData<Servers>(keys.servers, (servers) => servers && withServer(servers, server));
  }

  drop(name: string): void {
    this.begin(name);
    clearTimeout(this.stale.get(name));
    this.stale.delete(name);
    this.overtaking.delete(name);
    this.gone.add(name);
    this.known.setQueryData<Servers>(keys.servers, (servers) => servers && withoutServer(servers, name));
  }

  /** What was read before, or is on its way, may have changed before the first event. */
  private async openAnew(): Promise<void> {
    this.tell('open');
    await this.known.cancelQueries({ queryKey: keys.servers });
    await this.known.invalidateQueries();
  }

  private tell(line: Line): void {
    if (this.line === line) return;
    this.line = line;
    this.listeners.forEach((listener) => listener());
  }
}

function read(data: string): Record<string, unknown> | undefined {
  try {
    const what: unknown = JSON.parse(data);
    return typeof what === 'object' && what !== null ? (what as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
