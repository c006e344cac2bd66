// A server in a list: its state, why, the one thing to do, and its switch.

import { Link } from '@tanstack/react-router';
import { memo, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useSwitch, useUser } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { looking } from '../../ui/button';
import { ErrorCode, ExplainedLines } from '../../ui/explained';
import { RefusalNotice } from '../../ui/refusal';
import { StateTag } from '../../ui/state';
import { Switch } from '../../ui/switch';
import { canSignIn, why } from '../../words/standing';
import { SignInButton } from '../server/sign-in-button';

/** `told`: with the five lines, to be opened. */
export const ServerRow = memo(function ServerRow({ server, told }: { server: Server; told?: boolean }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const toggle = useSwitch();
  const reason = why(server);
  const problem = server.problems?.[0];
  const about = [server.transport ?? transportOf(server), server.tools.length > 0 && t('item.toolCount', { count: server.tools.length })].filter(Boolean).join(' · ');
  return (
    <li className="row-lazy px-4 py-3">
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-2 md:grid-cols-[minmax(0,15rem)_minmax(0,1fr)_auto]">
        <div className="min-w-0">
          <Link to="/server" search={{ name: server.name }} className="block truncate font-semibold text-ink no-underline hover:underline">
            {server.name}
          </Link>
          <span className="block truncate text-[0.87rem] text-soft">{about}</span>
        </div>
        <div className="order-last col-span-2 flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1 md:order-none md:col-span-1">
          <StateTag server={server} />
          {reason !== undefined && <Clamped>{reason}</Clamped>}
          {reason === undefined && problem !== undefined && <Clamped>{problem}</Clamped>}
          <span className="text-[0.87rem]">
            <ErrorCode code={server.explained?.code} />
          </span>
        </div>
        <div className="flex items-center gap-2">
          <OneAction server={server} />
          {isAdmin && (
            <Switch
              on={server.enabled}
              disabled={toggle.isPending}
              label={t(server.enabled ? 'servers.switchOff' : 'servers.switchOn', { name: server.name })}
              onChange={(enabled) => toggle.mutate({ name: server.name, enabled })}
            />
          )}
        </div>
      </div>
      {told === true && server.explained !== undefined && (
        <details className="mt-1">
          <summary className="text-[0.87rem] text-act">{t('explained.more')}</summary>
          <div className="mt-2">
            <ExplainedLines it={server.explained} />
          </div>
        </details>
      )}
      {toggle.error !== null && <RefusalNotice error={toggle.error} />}
    </li>
  );
});

/** Long words of a server or a system take two lines here; the server's page has all of them. */
function Clamped({ children }: { children: ReactNode }) {
  return (
    <span title={typeof children === 'string' ? children : undefined} className="line-clamp-2 min-w-0 flex-1 basis-48 text-[0.9rem] text-soft [overflow-wrap:anywhere]">
      {children}
    </span>
  );
}

/** The one thing that helps. */
function OneAction({ server }: { server: Server }) {
  const { t } = useTranslation();
  if (canSignIn(server)) return <SignInButton server={server} small />;
  if (server.status === 'needs_client' || server.status === 'client_rejected' || server.status === 'registration_refused') {
    return (
      <Link to="/server" search={{ name: server.name }} className={looking('plain', true)}>
        {t('client.give')}
      </Link>
    );
  }
  if (server.status === 'disconnected' || server.status === 'rejected_by_resource') {
    return (
      <Link to="/server" search={{ name: server.name }} className={looking('plain', true)}>
        {t('servers.look')}
      </Link>
    );
  }
  if ((server.problems?.length ?? 0) > 0 && server.config !== undefined) {
    return (
      <Link to="/server" search={{ name: server.name, tab: 'settings' }} className={looking('plain', true)}>
        {t('servers.look')}
      </Link>
    );
  }
  return null;
}

export function transportOf(server: Server): string | undefined {
  const { type, url, command } = server.config ?? {};
  if (typeof type === 'string') return type;
  if (command !== undefined) return 'stdio';
  return url === undefined ? undefined : 'http';
}
