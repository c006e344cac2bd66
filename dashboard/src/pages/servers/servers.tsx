// All servers, to search and to filter.

import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, SearchX } from 'lucide-react';
import { useDeferredValue, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useServers, useUser } from '../../api/hooks';
import type { Server, Servers as Told } from '../../api/shape';
import { looking } from '../../ui/button';
import { Notice } from '../../ui/notice';
import { Answer, Empty, Page } from '../../ui/page';
import { matches, SearchField } from '../../ui/search';
import { command } from '../../words/shell';
import { isConnected, urgency } from '../../words/standing';
import { NoServers } from './none';
import { ServerRow } from './row';

const SHOWS = { all: () => true, wanting: (server: Server) => urgency(server) > 0, connected: isConnected, off: (server: Server) => !server.enabled } as const;
type Show = keyof typeof SHOWS;

export function Servers() {
  const { t } = useTranslation();
  const servers = useServers();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const add = isAdmin && (
    <Link to="/servers/add" className={looking('act')}>
      <Plus size={17} aria-hidden />
      {t('servers.add')}
    </Link>
  );
  return (
    <Page title={t('servers.title')} actions={add} commands={[command('servers'), command('add', 'https://…')]}>
      <Answer of={servers} rows={6}>
        {(told) => <List told={told} isAdmin={isAdmin} />}
      </Answer>
    </Page>
  );
}

function List({ told, isAdmin }: { told: Told; isAdmin: boolean }) {
  const { t } = useTranslation();
  const search = useSearch({ from: '/servers' });
  const navigate = useNavigate({ from: '/servers' });
  const text = search.q ?? '';
  const show: Show = search.show !== undefined && search.show in SHOWS ? (search.show as Show) : 'all';
  const wanted = useDeferredValue(text);
  const shown = useMemo(
    () => told.data.filter((server) => SHOWS[show](server) && matches(wanted, server.name, server.status, server.reason, server.transport, String(server.config?.['url'] ?? ''), String(server.config?.['description'] ?? ''))),
    [told.data, show, wanted],
  );
  if (told.data.length === 0) {
    return <NoServers isAdmin={isAdmin} />;
  }
  const go = (change: { q?: string; show?: string }) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true });
  return (
    <>
      {told.trouble !== undefined && (
        <Notice tone="bad" title={t('servers.trouble')}>
          {told.trouble}
        </Notice>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <SearchField value={text} onChange={(q) => go({ q: q === '' ? undefined : q })} label={t('servers.search')} />
        <div role="group" aria-label={t('servers.filter')} className="flex max-w-full flex-wrap overflow-hidden rounded-md border border-line-strong bg-surface">
          {(Object.keys(SHOWS) as Show[]).map((key) => (
            <button
              key={key}
              type="button"
              aria-pressed={show === key}
              onClick={() => go({ show: key === 'all' ? undefined : key })}
              className="px-2.5 py-1.5 text-[0.9rem] whitespace-nowrap text-soft -outline-offset-2 hover:text-ink aria-pressed:bg-act-wash aria-pressed:text-act"
            >
              {t(`servers.show.${key}`)} <span className="tabular-nums">{told.data.filter(SHOWS[key]).length}</span>
            </button>
          ))}
        </div>
      </div>
      <p role="status" className="sr-only">
        {t('servers.found', { count: shown.length })}
      </p>
      {shown.length === 0 ? (
        <Empty icon={<SearchX size={28} />} title={t('servers.noMatch')} />
      ) : (
        <ul className="card m-0 list-none divide-y divide-line overflow-hidden p-0">
          {shown.map((server) => (
            <ServerRow key={server.name} server={server} />
          ))}
        </ul>
      )}
    </>
  );
}
