// Text to take along: with a button that says whether it worked.

import { Check, Copy } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from './button';
import { Parts } from './parts';

async function put(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

export function CopyButton({ text, label, small = true }: { text: string; label?: string; small?: boolean }) {
  const { t } = useTranslation();
  const [done, setDone] = useState<boolean>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async () => {
    setDone(await put(text));
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(undefined), 2_000);
  };
  const word = done === undefined ? (label ?? t('do.copy')) : done ? t('do.copied') : t('do.copyFailed');
  return (
    <Button small={small} look="quiet" icon={done ? <Check size={15} aria-hidden /> : <Copy size={15} aria-hidden />} onClick={() => void copy()}>
      <span aria-live="polite">{word}</span>
    </Button>
  );
}

/** One line to copy, as it is. */
export function CopyLine({ text, label }: { text: string; label?: string }) {
  return (
    <span className="flex min-h-[34px] items-center gap-1 rounded-md border border-line bg-code pr-0.5 pl-2.5">
      <code className="prose-code min-w-0 flex-1 py-1.5 select-all">
        <Parts text={text} />
      </code>
      <CopyButton text={text} label={label} />
    </span>
  );
}

/** Several lines to copy. */
export function CopyBlock({ text, label }: { text: string; label: string }) {
  return (
    <figure className="relative m-0">
      <figcaption className="flex items-center justify-between gap-2 rounded-t-md border border-b-0 border-line bg-sunken py-0.5 pr-1 pl-3">
        <span className="prose-code text-soft">
          <Parts text={label} />
        </span>
        <CopyButton text={text} />
      </figcaption>
      <pre tabIndex={0} aria-label={label} className="prose-code m-0 max-h-[28rem] overflow-auto rounded-b-md border border-line bg-code px-3 py-2 whitespace-pre-wrap">
        {text}
      </pre>
    </figure>
  );
}
