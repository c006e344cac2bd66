// What keeps a form from being sent. The server judges again; a `pattern` is its business alone, for a stranger's expression may
// take this page for ever.

import type { Json } from '../api/shape';
import { isMap, kindOf, branchOf, type Schema } from './schema';

export type Complaint = 'missing' | 'noNumber' | 'noWhole' | 'tooSmall' | 'tooLarge' | 'tooShort' | 'tooLong' | 'notListed' | 'noJson';

export interface Fault {
  /** Like `filter.items.0.name`. */
  path: string;
  complaint: Complaint;
  limit?: number;
}

export function check(asked: Json | undefined, value: Json | undefined, root: Schema, required: boolean, path = '', depth = 0): Fault[] {
  const it = kindOf(asked, root, depth);
  const fault = (complaint: Complaint, limit?: number): Fault[] => [{ path, complaint, ...(limit === undefined ? {} : { limit }) }];
  if (value === undefined) return required ? fault('missing') : [];
  const limit = (key: string) => (typeof it.schema[key] === 'number' ? it.schema[key] : undefined);
  const below = (key: string, size: number) => limit(key) !== undefined && size < (limit(key) as number);
  const above = (key: string, size: number) => limit(key) !== undefined && size > (limit(key) as number);
  switch (it.kind) {
    case 'text':
      if (typeof value !== 'string') return [];
      if (required && value === '' && !('minLength' in it.schema)) return [];
      if (below('minLength', value.length)) return fault('tooShort', limit('minLength'));
      return above('maxLength', value.length) ? fault('tooLong', limit('maxLength')) : [];
    case 'number':
      if (typeof value !== 'number') return fault('noNumber');
      if (it.whole && !Number.isInteger(value)) return fault('noWhole');
      if (below('minimum', value)) return fault('tooSmall', limit('minimum'));
      return above('maximum', value) ? fault('tooLarge', limit('maximum')) : [];
    case 'choice':
      return it.choices.some((choice) => same(choice.value, value)) ? [] : fault('notListed');
    case 'object':
      if (!isMap(value)) return [];
      return it.fields.flatMap((field) => check(field.schema, value[field.name], root, field.required, join(path, field.name), depth + 1));
    case 'list':
    case 'several': {
      if (!Array.isArray(value)) return [];
      if (below('minItems', value.length)) return fault('tooShort', limit('minItems'));
      if (above('maxItems', value.length)) return fault('tooLong', limit('maxItems'));
      const items = it.kind === 'list' ? it.items : undefined;
      return items === undefined ? [] : value.flatMap((item, place) => check(items, item, root, true, join(path, String(place)), depth + 1));
    }
    case 'either':
      return check(it.branches[branchOf(value, it.branches, root)], value, root, required, path, depth + 1);
    case 'yesno':
    case 'fixed':
    case 'json':
      return [];
  }
}

export function join(path: string, step: string): string {
  return path === '' ? step : `${path}.${step}`;
}

export function same(one: Json, other: Json): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
