// One place of a form: the field for whatever kind of value its schema asks for.

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json } from '../api/shape';
import { Field, Select, TextField } from '../ui/field';
import { same, type Fault } from './check';
import { ListPlace, ObjectPlace, EitherPlace, SeveralPlace } from './nested';
import { kindOf, shown, words, type Kind, type Schema } from './schema';

export interface PlaceProps {
  name: string;
  /** In the place of what the schema calls itself: items of a list are numbered. */
  numbered?: string;
  schema: Json | undefined;
  root: Schema;
  required: boolean;
  path: string;
  depth: number;
  value: Json | undefined;
  faults: Fault[];
  onChange: (value: Json | undefined) => void;
}

/** What fields of all kinds show. */
export interface Shown<K extends Kind['kind'] = Kind['kind']> extends PlaceProps {
  it: Extract<Kind, { kind: K }>;
  label: string;
  hint: string | undefined;
  mark: string | undefined;
  error: string | undefined;
}

export function Place(props: PlaceProps) {
  const { t } = useTranslation();
  const it = kindOf(props.schema, props.root, props.depth);
  const own = props.faults.find((fault) => fault.path === props.path);
  const beside = {
    ...props,
    label: props.numbered ?? words(it.schema['title']) ?? props.name,
    hint: words(it.schema['description']),
    mark: props.required ? t('form.required') : undefined,
    error: own && t(`form.${own.complaint}`, { limit: own.limit ?? 0 }),
  };
  switch (it.kind) {
    case 'text':
      return <TextPlace {...beside} it={it} />;
    case 'number':
      return <NumberPlace {...beside} it={it} />;
    case 'yesno':
      return <YesNoPlace {...beside} it={it} />;
    case 'choice':
      return <ChoicePlace {...beside} it={it} />;
    case 'fixed':
      return <FixedPlace {...beside} it={it} />;
    case 'several':
      return <SeveralPlace {...beside} it={it} />;
    case 'object':
      return <ObjectPlace {...beside} it={it} />;
    case 'list':
      return <ListPlace {...beside} it={it} />;
    case 'either':
      return <EitherPlace {...beside} it={it} />;
    case 'json':
      return <JsonPlace {...beside} it={it} />;
  }
}

const INPUTS: Record<string, string> = { date: 'date', email: 'email', uri: 'url', url: 'url' };

function TextPlace({ it, label, hint, mark, error, required, value, onChange }: Shown<'text'>) {
  const { t } = useTranslation();
  const format = words(it.schema['format']);
  const text = typeof value === 'string' ? value : '';
  // A text that is emptied is no longer said, unless it must be.
  const change = (text: string) => onChange(text === '' && !required ? undefined : text);
  const pattern = words(it.schema['pattern']);
  const more = [hint, pattern && t('form.pattern', { pattern })].filter(Boolean).join(' ') || undefined;
  const input = format === undefined ? undefined : INPUTS[format];
  if (input !== undefined) {
    return <TextField label={label} hint={more} mark={mark} error={error} type={input} value={text} onChange={(event) => change(event.target.value)} />;
  }
  return (
    <Field label={label} hint={more} mark={mark} error={error}>
      {(wired) => <textarea {...wired} rows={1} value={text} placeholder={format} onChange={(event) => change(event.target.value)} className="field [field-sizing:content] max-h-60 supports-[field-sizing:content]:resize-none" />}
    </Field>
  );
}

function NumberPlace({ it, label, hint, mark, error, value, onChange }: Shown<'number'>) {
  const { t } = useTranslation();
  const [text, setText] = useState(value === undefined ? '' : String(value));
  const isShown = value === undefined ? text.trim() === '' : String(value) === text || Number(text) === value;
  const change = (text: string) => {
    setText(text);
    const number = Number(text.trim().replace(',', '.'));
    // What is no number is kept as it was written, and complained of.
    onChange(text.trim() === '' ? undefined : Number.isFinite(number) ? number : text);
  };
  const { minimum, maximum } = it.schema;
  const range = typeof minimum === 'number' && typeof maximum === 'number' ? t('form.range', { minimum, maximum }) : undefined;
  return (
    <TextField
      label={label}
      hint={hint}
      mark={[range, mark].filter(Boolean).join(' · ') || undefined}
      error={error}
      inputMode={it.whole ? 'numeric' : 'decimal'}
      value={isShown ? text : String(value)}
      onChange={(event) => change(event.target.value)}
      className="max-w-56"
    />
  );
}

function YesNoPlace({ label, hint, mark, error, required, value, onChange }: Shown<'yesno'>) {
  const { t } = useTranslation();
  const word = value === true ? 'yes' : value === false ? 'no' : '';
  return (
    <Select label={label} hint={hint} mark={mark} error={error} value={word} onChange={(event) => onChange(event.target.value === '' ? undefined : event.target.value === 'yes')}>
      {!required && <option value="">{t('form.notSaid')}</option>}
      <option value="yes">{t('form.yes')}</option>
      <option value="no">{t('form.no')}</option>
    </Select>
  );
}

function ChoicePlace({ it, label, hint, mark, error, required, value, onChange }: Shown<'choice'>) {
  const { t } = useTranslation();
  const at = it.choices.findIndex((choice) => value !== undefined && same(choice.value, value));
  return (
    <Select label={label} hint={hint} mark={mark} error={error} value={String(at)} onChange={(event) => onChange(it.choices[Number(event.target.value)]?.value)}>
      {(at < 0 || !required) && <option value="-1">{required ? t('form.choose') : t('form.notSaid')}</option>}
      {it.choices.map((choice, place) => (
        <option key={place} value={String(place)}>
          {choice.label}
        </option>
      ))}
    </Select>
  );
}

function FixedPlace({ it, label, hint, mark }: Shown<'fixed'>) {
  return <TextField label={label} hint={hint} mark={mark} readOnly mono value={shown(it.value)} />;
}

/** Whatever no field fits. */
function JsonPlace({ label, hint, mark, error, value, onChange }: Shown<'json'>) {
  const { t } = useTranslation();
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState(false);
  const change = (text: string) => {
    setText(text);
    try {
      onChange(text.trim() === '' ? undefined : (JSON.parse(text) as Json));
      setBroken(false);
    } catch {
      setBroken(true);
    }
  };
  return (
    <Field label={label} hint={hint} mark={[mark, 'JSON'].filter(Boolean).join(' · ')} error={broken ? t('form.noJson') : error}>
      {(wired) => <textarea {...wired} rows={2} spellCheck={false} value={text} onChange={(event) => change(event.target.value)} className="field prose-code [field-sizing:content] max-h-80" />}
    </Field>
  );
}
