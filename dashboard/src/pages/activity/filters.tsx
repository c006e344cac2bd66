// What the list is narrowed to. Servers and tools are those that were called.

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { listActivityFilters } from '../../api/calls';
import { keys } from '../../api/keys';
import { FilterBar } from '../../ui/filters';
import { SearchField } from '../../ui/search';
import { isWithin, WITHIN, type Wanted, type Within } from './wanted';

interface Props {
  wanted: Wanted;
  onChange: (change: Wanted) => void;
  children: ReactNode;
}

export function Filters({ wanted, onChange, children }: Props) {
  const { t } = useTranslation();
  const names = useQuery({ queryKey: [...keys.activity, 'names'], queryFn: ({ signal }) => listActivityFilters(signal) }).data;
  return (
    <FilterBar search={<SearchField value={wanted.q ?? ''} onChange={(q) => onChange({ q: q === '' ? undefined : q })} label={t('activity.search')} />}>
      <Choice label={t('activity.server')} all={t('activity.allServers')} value={wanted.server} among={names?.servers} onChange={(server) => onChange({ server })} />
      <Choice label={t('activity.tool')} all={t('activity.allTools')} value={wanted.tool} among={names?.tools} onChange={(tool) => onChange({ tool })} />
      <select aria-label={t('activity.status')} value={wanted.status ?? ''} onChange={(event) => onChange({ status: event.target.value || undefined })} className="field sm:!w-auto">
        <option value="">{t('activity.allStatuses')}</option>
        <option value="success">{t('activity.success')}</option>
        <option value="error">{t('activity.error')}</option>
      </select>
      <select
        aria-label={t('activity.since')}
        value={isWithin(wanted.since) ? wanted.since : ''}
        onChange={(event) => onChange({ since: event.target.value || undefined })}
        className="field sm:!w-auto"
      >
        <option value="">{t('activity.always')}</option>
        {(Object.keys(WITHIN) as Within[]).map((word) => (
          <option key={word} value={word}>
            {t(`activity.within.${word}`)}
          </option>
        ))}
      </select>
      {children}
    </FilterBar>
  );
}

interface Choosing {
  label: string;
  all: string;
  value: string | undefined;
  among: string[] | undefined;
  onChange: (value: string | undefined) => void;
}

/** What is chosen is among it, also where no call has it any more. */
function Choice({ label, all, value, among = [], onChange }: Choosing) {
  const names = value === undefined || among.includes(value) ? among : [value, ...among];
  return (
    <select aria-label={label} value={value ?? ''} onChange={(event) => onChange(event.target.value || undefined)} className="field sm:!w-auto sm:max-w-52">
      <option value="">{all}</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
