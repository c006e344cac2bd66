// JSON Schema as far as a form can show it (draft 2020-12 and 7 alike): which kind of field a schema asks for, and with what it begins.
//
// Leaves out: references out of the document, `if`, `not`, `patternProperties`, dependencies; such a place is written as JSON.

import type { Json, JsonMap } from '../api/shape';

export type Schema = JsonMap;

export type Kind =
  | { kind: 'text'; schema: Schema }
  | { kind: 'number'; schema: Schema; whole: boolean }
  | { kind: 'yesno'; schema: Schema }
  | { kind: 'choice'; schema: Schema; choices: Choice[] }
  | { kind: 'fixed'; schema: Schema; value: Json }
  | { kind: 'object'; schema: Schema; fields: Entry[] }
  | { kind: 'list'; schema: Schema; items: Schema }
  | { kind: 'several'; schema: Schema; choices: Choice[] }
  | { kind: 'either'; schema: Schema; branches: Schema[] }
  | { kind: 'json'; schema: Schema };

export interface Choice {
  value: Json;
  label: string;
}

export interface Entry {
  name: string;
  schema: Schema;
  required: boolean;
}

/** How deep a schema may refer to itself before the rest is written as JSON. */
const DEEPEST = 8;

export function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What a schema asks for. `root`: the document that references point into. */
export function kindOf(asked: Json | undefined, root: Schema, depth = 0): Kind {
  const schema = resolved(asked, root);
  if (depth > DEEPEST) return { kind: 'json', schema };
  if ('const' in schema) return { kind: 'fixed', schema, value: schema['const'] ?? null };
  const listed = choicesOf(schema, root);
  if (listed !== undefined) return { kind: 'choice', schema, choices: listed };
  const branches = branchesOf(schema, root);
  if (branches !== undefined) {
    const [only] = branches;
    return branches.length === 1 && only !== undefined ? kindOf(withWords(only, schema), root, depth) : { kind: 'either', schema, branches };
  }
  switch (typeOf(schema)) {
    case 'string':
      return { kind: 'text', schema };
    case 'number':
      return { kind: 'number', schema, whole: false };
    case 'integer':
      return { kind: 'number', schema, whole: true };
    case 'boolean':
      return { kind: 'yesno', schema };
    case 'object': {
      const fields = fieldsOf(schema);
      return fields.length > 0 ? { kind: 'object', schema, fields } : { kind: 'json', schema };
    }
    case 'array':
      return listOf(schema, root);
    default:
      return { kind: 'json', schema };
  }
}

function listOf(schema: Schema, root: Schema): Kind {
  const items = schema['items'];
  if (!isMap(items)) return { kind: 'json', schema };
  const choices = choicesOf(resolved(items, root), root);
  return choices !== undefined && schema['uniqueItems'] === true ? { kind: 'several', schema, choices } : { kind: 'list', schema, items };
}

/** The type, also of schemas that do not say it; `null` beside another type counts for nothing. */
function typeOf(schema: Schema): string | undefined {
  const type = schema['type'];
  if (typeof type === 'string') return type;
  if (Array.isArray(type)) {
    const real = type.filter((it) => it !== 'null');
    return real.length === 1 && typeof real[0] === 'string' ? real[0] : undefined;
  }
  if ('properties' in schema) return 'object';
  if ('items' in schema) return 'array';
  return undefined;
}

export function fieldsOf(schema: Schema): Entry[] {
  const properties = schema['properties'];
  if (!isMap(properties)) return [];
  const required = Array.isArray(schema['required']) ? schema['required'] : [];
  return Object.entries(properties).map(([name, inner]) => ({ name, schema: isMap(inner) ? inner : {}, required: required.includes(name) }));
}

/** Values to choose from: `enum`, or branches that are one value each. */
function choicesOf(schema: Schema, root: Schema): Choice[] | undefined {
  const listed = schema['enum'];
  if (Array.isArray(listed)) {
    const names = Array.isArray(schema['enumNames']) ? schema['enumNames'] : [];
    return listed.map((value, place) => ({ value, label: words(names[place]) ?? shown(value) }));
  }
  const branches = (schema['oneOf'] ?? schema['anyOf']) as Json | undefined;
  if (!Array.isArray(branches) || branches.length === 0) return undefined;
  const choices: Choice[] = [];
  for (const branch of branches) {
    const { const: value, title } = resolved(branch, root);
    if (value === undefined) return undefined;
    choices.push({ value, label: words(title) ?? shown(value) });
  }
  return choices;
}

function branchesOf(schema: Schema, root: Schema): Schema[] | undefined {
  const branches = schema['oneOf'] ?? schema['anyOf'];
  if (Array.isArray(branches)) {
    const real = branches.map((branch) => resolved(branch, root)).filter((branch) => branch['type'] !== 'null');
    const base = { ...schema };
    delete base['oneOf'];
    delete base['anyOf'];
    const shared = 'properties' in base ? base : undefined;
    return real.length === 0 ? undefined : real.map((branch) => (shared === undefined ? branch : merged(shared, branch)));
  }
  const type = schema['type'];
  if (Array.isArray(type)) {
    const real = type.filter((it) => it !== 'null');
    if (real.length > 1) return real.map((type) => ({ ...schema, type, title: words(type) ?? 'value' }));
  }
  return undefined;
}

/** References followed, `allOf` put together. */
export function resolved(asked: Json | undefined, root: Schema, depth = 0): Schema {
  if (!isMap(asked) || depth > DEEPEST) return {};
  let schema = asked;
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    const { $ref: _, ...beside } = schema;
    schema = { ...resolved(pointed(reference, root), root, depth + 1), ...beside };
  }
  const all = schema['allOf'];
  if (Array.isArray(all)) {
    const { allOf: _, ...beside } = schema;
    schema = all.reduce<Schema>((whole, part) => merged(whole, resolved(part, root, depth + 1)), beside);
  }
  return schema;
}

function pointed(reference: string, root: Schema): Json | undefined {
  if (!reference.startsWith('#')) return undefined;
  const steps = reference.slice(1).split('/').slice(1);
  return steps.reduce<Json | undefined>((at, step) => {
    const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return isMap(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  }, root);
}

function merged(one: Schema, other: Schema): Schema {
  const both = { ...one, ...other };
  if (isMap(one['properties']) && isMap(other['properties'])) both['properties'] = { ...one['properties'], ...other['properties'] };
  if (Array.isArray(one['required']) && Array.isArray(other['required'])) both['required'] = [...one['required'], ...other['required']];
  return both;
}

function withWords(schema: Schema, outer: Schema): Schema {
  const { title, description, default: start } = outer;
  return { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }), ...(start === undefined ? {} : { default: start }), ...schema };
}

/** With what a field begins. What is neither required nor has a default begins with nothing. */
export function initial(asked: Json | undefined, root: Schema, required: boolean, depth = 0): Json | undefined {
  const it = kindOf(asked, root, depth);
  const start = it.schema['default'];
  if (start !== undefined) return start;
  if (it.kind === 'fixed') return required ? it.value : undefined;
  if (!required) return undefined;
  switch (it.kind) {
    case 'object':
      return initialFields(it.fields, root, depth);
    case 'list':
    case 'several':
      return [];
    case 'yesno':
      return false;
    case 'either':
      return initial(it.branches[0], root, true, depth + 1);
    case 'choice':
      return it.choices.length === 1 ? it.choices[0]?.value : undefined;
    case 'json':
      return typeOf(it.schema) === 'object' ? {} : typeOf(it.schema) === 'array' ? [] : undefined;
    default:
      return undefined;
  }
}

function initialFields(fields: Entry[], root: Schema, depth: number): JsonMap {
  const start: JsonMap = {};
  for (const field of fields) {
    const value = initial(field.schema, root, field.required, depth + 1);
    if (value !== undefined) start[field.name] = value;
  }
  return start;
}

/** The arguments with which the form of a tool begins. */
export function beginning(schema: Json | undefined): JsonMap {
  const root = isMap(schema) ? schema : {};
  const start = initial(root, root, true);
  return isMap(start) ? start : {};
}

/** Which branch a value belongs to: the one that knows most of what it says. */
export function branchOf(value: Json | undefined, branches: Schema[], root: Schema): number {
  if (value === undefined) return 0;
  const scores = branches.map((branch) => likeness(value, branch, root));
  return Math.max(0, scores.indexOf(Math.max(...scores)));
}

function likeness(value: Json, branch: Schema, root: Schema): number {
  const it = kindOf(branch, root);
  switch (it.kind) {
    case 'fixed':
      return it.value === value ? 3 : -1;
    case 'choice':
      return it.choices.some((choice) => choice.value === value) ? 2 : -1;
    case 'text':
      return typeof value === 'string' ? 1 : -1;
    case 'number':
      return typeof value === 'number' ? 1 : -1;
    case 'yesno':
      return typeof value === 'boolean' ? 1 : -1;
    case 'list':
    case 'several':
      return Array.isArray(value) ? 1 : -1;
    case 'object': {
      if (!isMap(value)) return -1;
      const inner = it.fields.map((field) => {
        const told = value[field.name];
        return told === undefined ? (field.required ? -1 : 0) : likeness(told, field.schema, root);
      });
      return 1 + inner.reduce((sum, score) => sum + score, 0);
    }
    default:
      return 0;
  }
}

export function words(value: Json | undefined): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

export function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
