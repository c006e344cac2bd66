// Places that hold further places.

import { Plus, X } from 'lucide-react';
import { useId, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json } from '../api/shape';
import { Button, IconButton } from '../ui/button';
import { Select, Tick } from '../ui/field';
import { join, same } from './check';
import { replaced } from './form';
import { Place, type Shown } from './place';
import { branchOf, initial, isMap, words } from './schema';

function Frame({ label, hint, mark, error, beside, children }: { label: string; hint: string | undefined; mark: string | undefined; error: string | undefined; beside?: ReactNode; children: ReactNode }) {
  const id = useId();
  return (
    <fieldset aria-describedby={hint === undefined ? undefined : id} className="m-0 min-w-0 border-0 p-0">
      <legend className="mb-1 flex w-full items-baseline justify-between gap-2 p-0">
        <span className="font-medium [overflow-wrap:anywhere]">{label}</span>
        <span className="flex items-center gap-2 text-[0.82rem] text-soft">
          {mark}
          {beside}
        </span>
      </legend>
      {hint !== undefined && (
        <p id={id} className="mb-2 text-[0.87rem] text-soft [overflow-wrap:anywhere]">
          {hint}
        </p>
      )}
      <div className="flex flex-col gap-3 border-l-2 border-line pl-3">{children}</div>
      {error !== undefined && (
        <p role="alert" className="mt-1 text-[0.87rem] text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}

export function ObjectPlace({ it, label, hint, mark, error, required, root, path, depth, value, faults, schema, onChange }: Shown<'object'>) {
  const { t } = useTranslation();
  const map = isMap(value) ? value : undefined;
  if (map === undefined && !required) {
    return (
      <Frame label={label} hint={hint} mark={mark} error={error}>
        <Button small icon={<Plus size={15} aria-hidden />} onClick={() => onChange(initial(schema, root, true, depth))} className="self-start">
          {t('form.add', { what: label })}
        </Button>
      </Frame>
    );
  }
  const leave = !required && (
    <IconButton small label={t('form.remove', { what: label })} onClick={() => onChange(undefined)}>
      <X size={15} aria-hidden />
    </IconButton>
  );
  return (
    <Frame label={label} hint={hint} mark={mark} error={error} beside={leave}>
      {it.fields.map((field) => (
        <Place
          key={field.name}
          name={field.name}
          schema={field.schema}
          root={root}
          required={field.required}
          path={join(path, field.name)}
          depth={depth + 1}
          value={map?.[field.name]}
          faults={faults}
          onChange={(inner) => onChange(replaced(map ?? {}, field.name, inner))}
        />
      ))}
    </Frame>
  );
}

export function ListPlace({ it, label, hint, mark, error, required, root, path, depth, value, faults, onChange }: Shown<'list'>) {
  const { t } = useTranslation();
  const items = Array.isArray(value) ? value : [];
  // Items have no names: a number of their own keeps each with its field when one before it is taken out.
  const next = useRef(0);
  const marks = useRef<number[]>([]);
  while (marks.current.length < items.length) marks.current.push(next.current++);
  marks.current.length = items.length;
  const change = (items: Json[]) => onChange(items.length === 0 && !required ? undefined : items);
  const remove = (place: number) => {
    marks.current.splice(place, 1);
    change(items.toSpliced(place, 1));
  };
  const one = words(isMap(it.items) ? it.items['title'] : undefined) ?? t('form.item');
  return (
    <Frame label={label} hint={hint} mark={mark} error={error}>
      {items.map((item, place) => (
        <div key={marks.current[place]} className="flex items-start gap-1">
          <div className="min-w-0 flex-1">
            <Place
              name={String(place)}
              numbered={`${one} ${place + 1}`}
              schema={it.items}
              root={root}
              required
              path={join(path, String(place))}
              depth={depth + 1}
              value={item ?? undefined}
              faults={faults}
              onChange={(inner) => change(items.with(place, inner ?? null))}
            />
          </div>
          <IconButton small label={t('form.remove', { what: `${label} ${place + 1}` })} onClick={() => remove(place)}>
            <X size={15} aria-hidden />
          </IconButton>
        </div>
      ))}
      <Button small icon={<Plus size={15} aria-hidden />} onClick={() => change([...items, initial(it.items, root, true, depth + 1) ?? null])} className="self-start">
        {t('form.add', { what: one })}
      </Button>
    </Frame>
  );
}

export function SeveralPlace({ it, label, hint, mark, error, required, value, onChange }: Shown<'several'>) {
  const chosen = Array.isArray(value) ? value : [];
  const toggle = (choice: Json, on: boolean) => {
    const now = on ? [...chosen, choice] : chosen.filter((it) => !same(it, choice));
    onChange(now.length === 0 && !required ? undefined : now);
  };
  return (
    <Frame label={label} hint={hint} mark={mark} error={error}>
      {it.choices.map((choice, place) => (
        <Tick key={place} label={choice.label} checked={chosen.some((it) => same(it, choice.value))} onChange={(event) => toggle(choice.value, event.target.checked)} />
      ))}
    </Frame>
  );
}

export function EitherPlace(props: Shown<'either'>) {
  const { it, label, hint, mark, error, required, root, path, depth, value, faults, onChange } = props;
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(() => (value === undefined && !required ? -1 : branchOf(value, it.branches, root)));
  const choose = (place: number) => {
    setChosen(place);
    onChange(place < 0 ? undefined : initial(it.branches[place], root, true, depth + 1));
  };
  const name = (place: number) => {
    const branch = it.branches[place];
    return words(branch?.['title']) ?? words(branch?.['type']) ?? t('form.way', { number: place + 1 });
  };
  const branch = it.branches[chosen];
  return (
    <Frame label={label} hint={hint} mark={mark} error={error}>
      <Select label={t('form.kind')} value={String(chosen)} onChange={(event) => choose(Number(event.target.value))}>
        {!required && <option value="-1">{t('form.notSaid')}</option>}
        {it.branches.map((_, place) => (
          <option key={place} value={String(place)}>
            {name(place)}
          </option>
        ))}
      </Select>
      {branch !== undefined && (
        <Place key={chosen} name={name(chosen)} schema={branch} root={root} required path={path} depth={depth + 1} value={value} faults={faults} onChange={onChange} />
      )}
    </Frame>
  );
}
