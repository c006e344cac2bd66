// Which clients are connected now, in whose name, and how many of their calls wait for a sign-in. Their names are their own words.

import { PlugZap, RefreshCw } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSessions } from '../../api/hooks';
import type { Session, Sessions } from '../../api/shape';
import { Button } from '../../ui/button';
import { Answer, Empty } from '../../ui/page';
import { listed } from '../../words/join';
import { dayAndClock } from '../../words/time';

/** So many are shown until more are asked for: the programs that were let in stand below. */
const FIRST = 10;

export function Connected() {
  const { t } = useTranslation();
  const sessions = useSessions();
  return (
    <section aria-labelledby="connected" className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 id="connected">{t('clients.title')}</h2>
        <Button small look="quiet" icon={<RefreshCw size={15} aria-hidden />} busy={sessions.isFetching} onClick={() => void sessions.refetch()}>
          {t('clients.again')}
        </Button>
      </div>
      <Answer of={sessions} rows={2}>
        {(told) =>
          told.data.length === 0 ? (
            <Empty icon={<PlugZap size={28} />} title={t('clients.none')}>
              <p>{t('clients.noneLead')}</p>
            </Empty>
          ) : (
            <Rows told={told} />
          )
        }
      </Answer>
    </section>
  );
}

function Rows({ told }: { told: Sessions }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const count = told.data.length;
  return (
    <>
      <ul className="card m-0 list-none divide-y divide-line p-0">
        {told.data.slice(0, all ? count : FIRST).map((session) => (
          <Row key={session.id + session.since} session={session} />
        ))}
      </ul>
      {count > FIRST && (
        <Button small aria-expanded={all} onClick={() => setAll(!all)} className="self-start">
          {all ? t('clients.fewer') : t('clients.all', { count })}
        </Button>
      )}
      {(all || count <= FIRST) && told.total > count && <p className="text-soft">{t('clients.further', { count: told.total - count })}</p>}
    </>
  );
}

function Row({ session }: { session: Session }) {
  const { t, i18n } = useTranslation();
  const { client, user, key, operator, endpoint, revision, waitingCalls, calls } = session;
  const who = [user !== undefined && t('clients.user', { name: user }), key !== undefined && t('clients.key', { name: key }), operator && t('clients.operator')].filter((it) => typeof it === 'string');
  const facts = [who.length > 0 ? listed(t, who) : t('clients.anyone'), endpoint ?? t('connect.everything'), `MCP ${revision}`, calls > 0 && t('clients.calls', { count: calls })].filter(Boolean);
  return (
    <li className="row-lazy flex flex-wrap items-baseline justify-between gap-x-4 gap-y-1 px-4 py-2.5">
      <div className="min-w-0 [overflow-wrap:anywhere]">
        <p>
          <bdi className="font-medium">{client?.name ?? t('clients.unnamed')}</bdi> <bdi className="text-soft">{client?.version}</bdi>
        </p>
        <p className="text-[0.87rem] text-soft">
          <bdi>{facts.join(' · ')}</bdi>
        </p>
        {waitingCalls > 0 && <p className="text-[0.87rem] font-medium text-warn">{t('clients.waiting', { count: waitingCalls })}</p>}
      </div>
      <p className="text-[0.87rem] text-soft">
        {t('clients.since', { time: dayAndClock(session.since, i18n.language) })} · {t('clients.used', { time: dayAndClock(session.lastUsed, i18n.language) })}
      </p>
    </li>
  );
}
