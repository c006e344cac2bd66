// A server that was just added, line by line, as `mcphub add` tells it: until it is connected, or a person has to act.

import { Link } from '@tanstack/react-router';
import { LoaderCircle } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { useJournal, useServer } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { EntryLine } from '../../journal/line';
import { hasJournal } from '../../journal/journals';
import { Button, looking } from '../../ui/button';
import { Notice } from '../../ui/notice';
import { StateTag } from '../../ui/state';
import { isConnected } from '../../words/standing';
import { Standing } from '../server/standing';

interface Props {
  name: string;
  alone: boolean;
  onMore: () => void;
}

export function Live({ name, alone, onMore }: Props) {
  const server = useServer(name);
  return server ? <Going server={server} alone={alone} onMore={onMore} /> : null;
}

function Going({ server, alone, onMore }: { server: Server } & Omit<Props, 'name'>) {
  const { t } = useTranslation();
  const under = server.status === 'connecting';
  return (
    <section aria-label={server.name} className="flex flex-col gap-4">
      <h2 className="flex flex-wrap items-center gap-3">
        {server.name} <StateTag server={server} />
      </h2>
      {hasJournal(server) && <Lines name={server.name} under={under} />}
      {isConnected(server) ? (
        <Notice
          tone="good"
          title={t('add.connected', { name: server.name })}
          actions={
            <>
              <Link to="/server" search={{ name: server.name, tab: 'tools' }} className={looking('act')}>
                {t('add.tools', { count: server.tools.length })}
              </Link>
              <Link to="/connect" className={looking('plain')}>
                {t('connect.title')}
              </Link>
              {alone && <Button onClick={onMore}>{t('add.another')}</Button>}
            </>
          }
        >
          {server.oauth.connected && <p className="text-soft">{t('add.renews')}</p>}
        </Notice>
      ) : (
        !under && <Standing server={server} />
      )}
    </section>
  );
}

function Lines({ name, under }: { name: string; under: boolean }) {
  const { t } = useTranslation();
  const journal = useJournal(name);
  const entries = journal.data ?? [];
  if (entries.length === 0 && !under) return null;
  return (
    <ol aria-live="polite" className="card m-0 list-none divide-y divide-line p-0">
      {entries.map((entry, place) => (
        <li key={`${entry.time}${place}`} className="px-4 py-2">
          <EntryLine entry={entry} />
        </li>
      ))}
      {under && (
        <li className="flex items-center gap-2 px-4 py-2.5 text-soft">
          <LoaderCircle size={16} aria-hidden className="animate-spin" />
          {t('add.connecting')}
        </li>
      )}
    </ol>
  );
}
