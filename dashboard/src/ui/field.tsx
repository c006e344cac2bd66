// A labelled place to write in. Its hint and its error are told to those who do not see them.

import { useId, type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes } from 'react';

interface Labelled {
  label: ReactNode;
  hint?: ReactNode;
  error?: string | undefined;
  mark?: ReactNode;
}

interface Wired {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

export function Field({ label, hint, error, mark, children }: Labelled & { children: (wired: Wired) => ReactNode }) {
  const id = useId();
  const told = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="flex min-w-0 flex-col gap-1">
      <span className="flex items-baseline justify-between gap-2">
        <label htmlFor={id} className="font-medium [overflow-wrap:anywhere]">
          {label}
        </label>
        {mark !== undefined && <span className="shrink-0 text-[0.82rem] text-soft">{mark}</span>}
      </span>
      {children({ id, 'aria-describedby': told || undefined, 'aria-invalid': error === undefined ? undefined : true })}
      {hint !== undefined && (
        <span id={`${id}-hint`} className="text-[0.87rem] text-soft [overflow-wrap:anywhere]">
          {hint}
        </span>
      )}
      {error !== undefined && (
        <span id={`${id}-error`} role="alert" className="text-[0.87rem] text-bad [overflow-wrap:anywhere]">
          {error}
        </span>
      )}
    </div>
  );
}

export function TextField({ label, hint, error, mark, mono, className = '', ...rest }: Labelled & InputHTMLAttributes<HTMLInputElement> & { mono?: boolean }) {
  return (
    <Field label={label} hint={hint} error={error} mark={mark}>
      {(wired) => <input spellCheck={!mono} autoCapitalize={mono ? 'none' : undefined} {...rest} {...wired} className={`field ${mono ? 'prose-code' : ''} ${className}`} />}
    </Field>
  );
}

export function TextArea({ label, hint, error, mark, mono, className = '', ...rest }: Labelled & TextareaHTMLAttributes<HTMLTextAreaElement> & { mono?: boolean }) {
  return (
    <Field label={label} hint={hint} error={error} mark={mark}>
      {(wired) => <textarea spellCheck={!mono} {...rest} {...wired} className={`field ${mono ? 'prose-code' : ''} ${className}`} />}
    </Field>
  );
}

export function Select({ label, hint, error, mark, children, ...rest }: Labelled & SelectHTMLAttributes<HTMLSelectElement>) {
  return (
    <Field label={label} hint={hint} error={error} mark={mark}>
      {(wired) => (
        <select {...rest} {...wired} className="field pr-8">
          {children}
        </select>
      )}
    </Field>
  );
}

/** A box to tick, or one choice of several (`type="radio"`), with its words behind it. */
export function Tick({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2">
      <input type="checkbox" id={id} {...rest} aria-describedby={hint === undefined ? undefined : `${id}-hint`} className="mt-1 size-4 shrink-0" />
      <span className="min-w-0">
        <label htmlFor={id} className="[overflow-wrap:anywhere]">
          {label}
        </label>
        {hint !== undefined && (
          <span id={`${id}-hint`} className="block text-[0.87rem] text-soft [overflow-wrap:anywhere]">
            {hint}
          </span>
        )}
      </span>
    </div>
  );
}
