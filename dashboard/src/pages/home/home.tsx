// What needs somebody first; then how much there is, and what happened last.

import { Link } from '@tanstack/react-router';
import { CircleCheckBig, KeyRound, Plus } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useServers, useUser } from '../../api/hooks';
import { pageFolder } from '../../api/ask';
import type { Server, Servers } from '../../api/shape';
import { looking } from '../../ui/button';
import { CopyLine } from '../../ui/copy';
import { Notice } from '../../ui/notice';
import { Answer, Page } from '../../ui/page';
import { isConnected, urgency } from '../../words/standing';
import { command } from '../../words/shell';
import { NoServers } from '../servers/none';
import { ServerRow } from '../servers/row';
import { Recent } from './recent';

/** More of them are a page of their own. */
const FIRST = 8;

export function Home() {
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
    <Page title={t('home.title')} actions={add} commands={[command('servers'), command('auth', 'login', '--all')]}>
      <Answer of={servers} rows={3}>
        {(told) => <Overview told={told} />}
      </Answer>
    </Page>
  );
}

function Overview({ told }: { told: Servers }) {
  const { t } = useTranslation();
  if (told.data.length === 0) return <First trouble={told.trouble} />;
  const wanting = told.data.filter((server) => urgency(server) > 0).sort((one, other) => urgency(other) - urgency(one));
  return (
    <>
      {told.trouble !== undefined && (
        <Notice tone="bad" title={t('servers.trouble')}>
          {told.trouble}
        </Notice>
      )}
      <section aria-labelledby="attention">
        <div className="mb-2 flex flex-wrap items-center justify-between gap-2">
          <h2 id="attention">{t('home.attention')}</h2>
          {wanting.filter((server) => server.status === 'oauth_required').length > 1 && (
            // The hub's own page, which walks through all of them.
            <a href={`${pageFolder()}connect`} target="_blank" rel="noopener" className={looking('plain', true)}>
              <KeyRound size={15} aria-hidden />
              {t('home.signInAll')}
            </a>
          )}
        </div>
        {wanting.length === 0 ? (
          <div className="card flex items-center gap-2.5 p-4 text-good">
            <CircleCheckBig size={18} aria-hidden />
            {t('home.nothing')}
          </div>
        ) : (
          <ul className="card m-0 list-none divide-y divide-line p-0">
            {wanting.slice(0, FIRST).map((server) => (
              <ServerRow key={server.name} server={server} told />
            ))}
            {wanting.length > FIRST && (
              <li className="px-4 py-2.5">
                <Link to="/servers" search={{ show: 'wanting' }} className="text-act underline underline-offset-2">
                  {t('home.further', { count: wanting.length - FIRST })}
                </Link>
              </li>
            )}
          </ul>
        )}
      </section>
      <Counts servers={told.data} />
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <Recent servers={told.data} />
        <Endpoint />
      </div>
    </>
  );
}

function First({ trouble }: { trouble?: string }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  return (
    <>
      {trouble !== undefined && (
        <Notice tone="bad" title={t('servers.trouble')}>
          {trouble}
        </Notice>
      )}
      <NoServers isAdmin={isAdmin} />
    </>
  );
}

function Counts({ servers }: { servers: Server[] }) {
  const { t } = useTranslation();
  const sum = (of: (server: Server) => number) => servers.reduce((sum, server) => sum + of(server), 0);
  const enabled = servers.filter((server) => server.enabled);
  const counts: [string, number][] = [
    [t('home.connected'), enabled.filter(isConnected).length],
    [t('home.wanting'), servers.filter((server) => urgency(server) > 0).length],
    [t('home.off'), servers.length - enabled.length],
    [t('item.tools'), sum((server) => server.tools.length)],
    [t('item.prompts'), sum((server) => server.prompts.length)],
    [t('item.resources'), sum((server) => server.resources.length)],
  ];
  return (
    <dl aria-label={t('home.counts')} className="card m-0 grid grid-cols-3 sm:grid-cols-6">
      {counts.map(([word, count]) => (
        <div key={word} className="flex flex-col-reverse justify-end px-4 py-3">
          <dt className="text-[0.87rem] text-soft">{word}</dt>
          <dd className="m-0 text-[1.35rem] font-semibold tabular-nums">{count}</dd>
        </div>
      ))}
    </dl>
  );
}

function Endpoint() {
  const { t } = useTranslation();
  return (
    <section aria-labelledby="endpoint" className="flex flex-col gap-2">
      <h2 id="endpoint">{t('home.endpoint')}</h2>
      <div className="card flex flex-col gap-3 p-4">
        <p className="text-soft">{t('home.endpointLead')}</p>
        <CopyLine text={`${pageFolder()}mcp`} />
        <Link to="/connect" className={`${looking('plain')} self-start`}>
          {t('connect.title')}
        </Link>
      </div>
    </section>
  );
}
