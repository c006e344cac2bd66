// The settings that people change, each with a field. What somebody touched stays as he left it, whatever others change meanwhile.

import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import type { Json, JsonMap } from '../../api/shape';
import { Select, TextField } from '../../ui/field';
import { at, between, FLAGS, TEXTS, withAt } from './known';
import { Save, useChange } from './save';

/** By path. */
type Touched = Record<string, Json | undefined>;

export function Usual({ written }: { written: JsonMap }) {
  const { t } = useTranslation();
  const [touched, setTouched] = useState<Touched>({});
  const change = useChange();
  const draft = Object.entries(touched).reduce((settings, [path, value]) => withAt(settings, path, value), written);
  const said = between(written, draft);
  const put = (path: string, value: Json | undefined) => setTouched({ ...touched, [path]: value });
  const send = (event: FormEvent) => {
    event.preventDefault();
    // What is typed while the answer is on its way stays.
    change.mutate(said, { onSuccess: () => setTouched((now) => Object.fromEntries(Object.entries(now).filter(([path, value]) => touched[path] !== value))) });
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
