// All that is known of one call, and where to look further.

import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Activity } from '../../api/shape';
import { looking } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { dayAndExactClock, took } from '../../words/time';
import { Came, who } from './came';

export function Detail({ call, onClose }: { call: Activity; onClose: () => void }) {
  const { t, i18n } = useTranslation();
  const facts: [string, ReactNode][] = [
    [t('activity.came'), <Came key="came" outcome={call.outcome} />],
    [t('activity.server'), call.server],
    [t('activity.time'), <time key="time" dateTime={call.timestamp}>{dayAndExactClock(call.timestamp, i18n.language)}</time>],
    [t('activity.took'), took(call.duration)],
    ...names(call).map(([key, name]): [string, ReactNode] => [t(`activity.${key}`), name]),
    ...(call.username === undefined && call.keyId === undefined ? [[t('activity.who'), who(call, t)] as [string, ReactNode]] : []),
    [t('activity.number'), call.id],
  ];
  return (
    <Dialog open onClose={onClose} wide title={call.tool}>
      {call.errorMessage !== undefined && call.errorMessage !== '' && call.outcome !== 'cancelled' && (
        <div>
          <p className="text-[0.87rem] text-soft">{t('activity.words')}</p>
          <p className="prose-code rounded-md bg-code p-3 whitespace-pre-wrap [overflow-wrap:anywhere]">
            <bdi>{call.errorMessage}</bdi>
          </p>
        </div>
      )}
      <dl className="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-5 gap-y-2">
        {facts.map(([word, fact]) => (
          <div key={word} className="contents">
            <dt className="text-soft">{word}</dt>
            <dd className="m-0 [overflow-wrap:anywhere]">{typeof fact === 'string' ? <bdi>{fact}</bdi> : fact}</dd>
          </div>
        ))}
      </dl>
      <div className="flex flex-wrap gap-2 border-t border-line pt-4">
        <Link to="/server" search={{ name: call.server }} className={looking('plain')}>
          {t('activity.toServer')}
        </Link>
        <Link to="/server" search={{ name: call.server, tab: 'tools', item: call.tool }} className={looking('plain')}>
          {t('activity.toTool')}
        </Link>
        <Link to="/journal" search={{ server: call.server }} className={looking('plain')}>
          {t('activity.toJournal')}
        </Link>
        <Link to="/logs" className={looking('plain')}>
          {t('activity.toLog')}
        </Link>
      </div>
    </Dialog>
  );
}

type Kind = 'user' | 'key' | 'client' | 'group';

/** Names of whoever asked, as far as there are any. */
function names({ username, keyName, keyId, client, group }: Activity): [Kind, string][] {
  const all: [Kind, string | undefined][] = [
    ['user', username],
    ['key', keyName || keyId],
    ['client', client],
    ['group', group],
  ];
  return all.filter((it): it is [Kind, string] => it[1] !== undefined);
}
