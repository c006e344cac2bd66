// The settings that have a field of their own, and what differs between two states of all settings.

import type { Json, JsonMap } from '../../api/shape';
import { isMap } from '../../schema/schema';

export const TEXTS = [
  { path: 'install_baseUrl', usual: 'http://localhost:3000' },
  { path: 'nameSeparator', usual: '-' },
  { path: 'routing_bearerAuthHeaderName', usual: 'Authorization' },
  { path: 'routing_jsonBodyLimit', usual: '1mb' },
] as const;

/** Without a usual value the hub decides by itself. */
export const FLAGS = [
  { path: 'routing_enableBearerAuth', usual: undefined },
  { path: 'routing_enableGlobalRoute', usual: true },
  { path: 'routing_enableGroupNameRoute', usual: true },
  { path: 'enableSessionRebuild', usual: false },
] as const;

export function at(settings: JsonMap, path: string): Json | undefined {
  return path.split('_').reduce<Json | undefined>((it, key) => (isMap(it) ? it[key] : undefined), settings);
}

export function withAt(settings: JsonMap, path: string, value: Json | undefined): JsonMap {
  const [key = '', ...rest] = path.split('_');
  const inner = isMap(settings[key]) ? settings[key] : {};
  const now = rest.length === 0 ? value : withAt(inner, rest.join('_'), value);
  if (now === undefined) {
    const { [key]: _, ...others } = settings;
    return others;
  }
  return { ...settings, [key]: now };
}

/** What is to be sent to make one of the other: only what differs, `null` for what is taken out. */
export function between(old: JsonMap, now: JsonMap): JsonMap {
  const said: JsonMap = {};
  for (const key of Object.keys(old)) if (!(key in now)) said[key] = null;
  for (const [key, value] of Object.entries(now)) {
    const before = old[key];
    if (isMap(value) && isMap(before)) {
      const inner = between(before, value);
      if (Object.keys(inner).length > 0) said[key] = inner;
    } else if (JSON.stringify(value) !== JSON.stringify(before)) {
      said[key] = value;
    }
  }
  return said;
}

/** What somebody made of the old, done to what is there by now: what others changed meanwhile stays. */
export function rebased(old: JsonMap, now: JsonMap, onto: JsonMap): JsonMap {
  const all = Object.fromEntries(Object.entries(onto).filter(([key]) => key in now || !(key in old)));
  for (const [key, value] of Object.entries(now)) {
    const [before, there] = [old[key], onto[key]];
    if (JSON.stringify(value) === JSON.stringify(before)) continue;
    all[key] = isMap(value) && isMap(before) && isMap(there) ? rebased(before, value, there) : value;
  }
  return all;
}
