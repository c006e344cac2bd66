// All settings of the hub as JSON. What is sent is what differs from the text that somebody began with.

import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { JsonMap } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { Field } from '../../ui/field';
import { EveryKey } from './every-key';
import { between } from './known';
import { Save, useChange } from './save';

export function Whole({ written }: { written: JsonMap }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState<{ text: string; from: JsonMap }>();
  const [wrong, setWrong] = useState(false);
  const change = useChange();
  const from = draft?.from ?? written;
  const text = draft?.text ?? shown(written);
  const write = (text: string) => setDraft(text === shown(from) ? undefined : { text, from });
  const send = (event: FormEvent) => {
    event.preventDefault();
    const now = parsed(text);
    setWrong(now === undefined);
    if (now === undefined) return;
    // What is typed while the answer is on its way was made of what was sent.
    change.mutate(between(from, now), { onSuccess: () => setDraft((it) => it && (it.text === text ? undefined : { text: it.text, from: now })) });
  };
  return (
    <>
      <form onSubmit={send} className="flex flex-col gap-4">
        <Field label="systemConfig" hint={t('server.configHint')} error={wrong ? t('form.noObject') : undefined}>
          {(wired) => (
            <textarea
              {...wired}
              rows={12}
              spellCheck={false}
              value={text}
              onChange={(event) => write(event.target.value)}
              onBlur={() => setWrong(parsed(text) === undefined)}
              className="field prose-code [field-sizing:content] max-h-[60dvh]"
            />
          )}
        </Field>
        <Save change={change} changed={text !== shown(from)} />
      </form>
      <EveryKey />
    </>
  );
}

function shown(settings: JsonMap): string {
  return JSON.stringify(settings, null, 2);
}

function parsed(text: string): JsonMap | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
