// Every key that may stand in `systemConfig`, to look up while one writes JSON.

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettingsSchema } from '../../api/hooks';
import { Answer } from '../../ui/page';
import { matches, SearchField } from '../../ui/search';
import { describedKeys, type Described } from './described';

export function EveryKey() {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  return (
    <details className="mt-4" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="text-act">{t('settings.everyKey')}</summary>
      {open && <Asked />}
    </details>
  );
}

function Asked() {
  const schema = useSettingsSchema();
  return <Answer of={schema}>{(schema) => <Listed all={describedKeys(schema)} />}</Answer>;
}

function Listed({ all }: { all: Described[] }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const found = all.filter(({ path, description }) => matches(text, path, description));
  return (
    <div className="mt-3 flex flex-col gap-3">
      <SearchField value={text} onChange={setText} label={t('settings.searchKeys')} />
      {found.length === 0 ? (
        <p className="text-soft">{t('settings.noKey')}</p>
      ) : (
        <dl className="m-0 divide-y divide-line">
          {found.map(({ path, kinds, usual, description }) => (
            <div key={path} className="py-2">
              <dt className="flex flex-wrap items-baseline gap-x-3">
                <span className="prose-code">{path}</span>
                <span className="text-[0.87rem] text-soft">{kinds}</span>
                {usual !== undefined && <span className="text-[0.87rem] text-soft">{t('settings.usually', { word: usual })}</span>}
              </dt>
              <dd lang="en" className="m-0 [overflow-wrap:anywhere]">
                {description}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
