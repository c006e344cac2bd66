// The keys of `systemConfig`, as the schema that the hub serves has them.

import { fieldsOf, isMap, resolved, shown, words, type Schema } from '../../schema/schema';

export interface Described {
  /** With dots, as people write it. */
  path: string;
  kinds: string;
  usual?: string;
  description?: string;
}

export function describedKeys(schema: Schema): Described[] {
  const file = isMap(schema['properties']) ? schema['properties'] : {};
  return within(resolved(file['systemConfig'], schema), schema, '');
}

/** What has keys of its own is told by them. */
function within(map: Schema, root: Schema, before: string): Described[] {
  return fieldsOf(map).flatMap(({ name, schema }) => {
    const path = before + name;
    const whole = resolved(schema, root);
    const inner = within(whole, root, `${path}.`);
    const description = words(whole['description']);
    if (inner.length > 0 && description === undefined) return inner;
    const usual = whole['default'] === undefined ? undefined : shown(whole['default']);
    return [{ path, kinds: kindsOf(whole), usual, description }, ...inner];
  });
}

/** `null` takes a key out, whatever it is. */
function kindsOf({ type }: Schema): string {
  const kinds = Array.isArray(type) ? type : [type];
  return kinds.filter((kind) => typeof kind === 'string' && kind !== 'null').join(' | ');
}
