// How a server stands: why, what helps, and the one thing to do about it, here.

import { useTranslation } from 'react-i18next';
import { useUser } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { Notice } from '../../ui/notice';
import type { Tone } from '../../ui/state';
import { canSignIn, isAsleep, urgency, waitsForAPerson, why } from '../../words/standing';
import { GiveClient } from './give-client';
import { SignInSteps } from './sign-in-steps';

const WANTS_CLIENT = ['needs_client', 'client_rejected', 'registration_refused'];

export function Standing({ server }: { server: Server }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const reason = why(server);
  const problems = server.problems ?? [];
  const signIn = canSignIn(server);
  const client = isAdmin && WANTS_CLIENT.includes(server.status);
  if (reason === undefined && problems.length === 0 && !signIn && !client) return null;
  return (
    <div className="flex flex-col gap-3">
      {(reason !== undefined || signIn || client) && (
        <Notice tone={toneOf(server)} title={reason ?? t(`state.${server.status}`, { defaultValue: server.status })}>
          {server.action !== null && !signIn && !client && <p className="text-soft">{t('failed.helps', { action: server.action })}</p>}
          {client && <GiveClient server={server} />}
          {signIn && <SignInSteps server={server} />}
        </Notice>
      )}
      {problems.length > 0 && (
        <Notice tone="warn" title={t('server.problems')}>
          <ul className="m-0 list-disc pl-5">
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </Notice>
      )}
    </div>
  );
}

function toneOf(server: Server): Tone {
  if (server.status === 'disconnected' && !isAsleep(server)) return 'bad';
  if (server.status === 'client_rejected' || server.status === 'registration_refused' || server.status === 'rejected_by_resource') return 'bad';
  return waitsForAPerson(server) || urgency(server) > 0 ? 'warn' : 'idle';
}
