// A server that was just added, line by line, as `mcphub add` tells it: until it is connected, or a person has to act.

import { Link } from '@tanstack/react-router';
import { LoaderCircle } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useJournal, useRemoveServer, useServer, useUser } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { EntryLine } from '../../journal/line';
import { hasJournal } from '../../journal/journals';
import { Button, looking } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Notice } from '../../ui/notice';
import { StateTag } from '../../ui/state';
import { isConnected } from '../../words/standing';
import { Standing } from '../server/standing';

interface Props {
  name: string;
  alone: boolean;
  onMore: () => void;
  onRemoved: (name: string) => void;
}

export function Live({ name, ...rest }: Props) {
  const server = useServer(name);
  return server ? <Going server={server} {...rest} /> : null;
}

function Going({ server, ...rest }: { server: Server } & Omit<Props, 'name'>) {
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
              {rest.alone && <Button onClick={rest.onMore}>{t('add.another')}</Button>}
            </>
          }
        >
          {server.oauth.connected && <p className="text-soft">{t('add.renews')}</p>}
        </Notice>
      ) : (
        !under && (
          <>
            <Standing server={server} />
            <WaysOn server={server} {...rest} />
          </>
        )
      )}
    </section>
  );
}

/** Where it is not connected: what can be done with it besides, so that nobody has to look for it. */
function WaysOn({ server, alone, onMore, onRemoved }: { server: Server } & Omit<Props, 'name'>) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const [doomed, setDoomed] = useState(false);
  const remove = useRemoveServer();
  const isLocal = !hasJournal(server);
  return (
    <div className="flex flex-wrap gap-2">
      <Link to="/server" search={{ name: server.name }} className={looking('plain')}>
        {t('add.open')}
      </Link>
      {isAdmin && (
        <>
          <Link to="/server" search={{ name: server.name, tab: 'settings' }} className={looking('plain')}>
            {t(isLocal ? 'add.changeCommand' : 'add.changeAddress')}
          </Link>
          <Button onClick={() => setDoomed(true)}>{t('add.remove')}</Button>
        </>
      )}
      {alone && (
        <Button look="quiet" onClick={onMore}>
          {t('add.another')}
        </Button>
      )}
      <Confirm
        open={doomed}
        onClose={() => setDoomed(false)}
        title={t('server.removeTitle', { name: server.name })}
        lead={t('server.removeLead')}
        word={t('server.remove')}
        busy={remove.isPending}
        error={remove.error}
        onYes={() => remove.mutate(server.name, { onSuccess: () => onRemoved(server.name) })}
      />
    </div>
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
