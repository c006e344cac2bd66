// What the hub itself does: the settings that people change, and all of them as JSON.

import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { changeSettings } from '../../api/calls';
import { useSettings } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Json, JsonMap } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { Button } from '../../ui/button';
import { Field, Select, TextField } from '../../ui/field';
import { Answer, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { Tabs } from '../../ui/tabs';
import { command } from '../../words/shell';
import { at, between, FLAGS, TEXTS, withAt } from './known';

export function Settings() {
  const { t } = useTranslation();
  const settings = useSettings();
  const [way, setWay] = useState<'form' | 'json'>('form');
  return (
    <Page title={t('settings.title')} lead={t('settings.lead')} commands={[command('settings', 'check'), command('export')]}>
      <Answer of={settings}>
        {(written) => (
          <div className="card max-w-3xl p-4 sm:p-5">
            <Tabs
              tabs={[
                { key: 'form', label: t('settings.usual') },
                { key: 'json', label: 'JSON' },
              ]}
              at={way}
              onChange={setWay}
              label={t('settings.title')}
            >
              {way === 'form' ? <Usual key={JSON.stringify(written)} written={written} /> : <Whole key={JSON.stringify(written)} written={written} />}
            </Tabs>
          </div>
        )}
      </Answer>
    </Page>
  );
}

function useChange() {
  const known = useQueryClient();
  return useMutation({
    mutationFn: changeSettings,
    onSuccess: (now) => {
      known.setQueryData(keys.settings, now);
      // What is shown of servers depends on them, like the names of tools.
      void known.invalidateQueries({ queryKey: keys.servers });
    },
  });
}

function Save({ change, changed }: { change: ReturnType<typeof useChange>; changed: boolean }) {
  const { t } = useTranslation();
  return (
    <>
      <RefusalNotice error={change.error} />
      <Button type="submit" look="act" busy={change.isPending} disabled={!changed} className="self-start">
        {t('do.save')}
      </Button>
    </>
  );
}

function Usual({ written }: { written: JsonMap }) {
  const { t } = useTranslation();
  const [draft, setDraft] = useState(written);
  const change = useChange();
  const said = between(written, draft);
  const put = (path: string, value: Json | undefined) => setDraft(withAt(draft, path, value));
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(said);
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-4">
      {TEXTS.map(({ path, usual }) => {
        const value = at(draft, path);
        return (
          <TextField
            key={path}
            label={t(`settings.key.${path}`)}
            hint={t(`settings.hint.${path}`)}
            mono
            placeholder={usual}
            value={typeof value === 'string' ? value : ''}
            onChange={(event) => put(path, event.target.value === '' ? undefined : event.target.value)}
          />
        );
      })}
      {FLAGS.map(({ path, usual }) => {
        const value = at(draft, path);
        const word = typeof value === 'boolean' ? String(value) : '';
        return (
          <Select key={path} label={t(`settings.key.${path}`)} hint={t(`settings.hint.${path}`)} value={word} onChange={(event) => put(path, event.target.value === '' ? undefined : event.target.value === 'true')}>
            <option value="">{usual === undefined ? t('settings.byItself') : t('settings.usually', { word: t(usual ? 'form.yes' : 'form.no') })}</option>
            <option value="true">{t('form.yes')}</option>
            <option value="false">{t('form.no')}</option>
          </Select>
        );
      })}
      <Save change={change} changed={Object.keys(said).length > 0} />
    </form>
  );
}

function Whole({ written }: { written: JsonMap }) {
  const { t } = useTranslation();
  const shown = JSON.stringify(written, null, 2);
  const [text, setText] = useState(shown);
  const [wrong, setWrong] = useState(false);
  const change = useChange();
  const send = (event: FormEvent) => {
    event.preventDefault();
    const now = parsed(text);
    setWrong(now === undefined);
    if (now !== undefined) change.mutate(between(written, now));
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-4">
      <Field label="systemConfig" hint={t('server.configHint')} error={wrong ? t('form.noObject') : undefined}>
        {(wired) => <textarea {...wired} rows={12} spellCheck={false} value={text} onChange={(event) => setText(event.target.value)} className="field prose-code [field-sizing:content] max-h-[60dvh]" />}
      </Field>
      <Save change={change} changed={text !== shown} />
    </form>
  );
}

function parsed(text: string): JsonMap | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
