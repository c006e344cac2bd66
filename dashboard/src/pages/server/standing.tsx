// How a server stands: why, what helps, and the one thing to do about it, here.

import { useTranslation } from 'react-i18next';
import { useUser } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { ErrorCode, ExplainedLines } from '../../ui/explained';
import { Notice } from '../../ui/notice';
import type { Tone } from '../../ui/state';
import { canSignIn, isAsleep, standsAtFailure, urgency, waitsForAPerson, why } from '../../words/standing';
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
  const needed = server.status === 'oauth_required' ? reason : server.status === 'needs_client' && client ? server.explained?.whatHappened : undefined;
  if (reason === undefined && problems.length === 0 && !signIn && !client) return null;
  return (
    <div className="flex flex-col gap-3">
      {(reason !== undefined || signIn || client) && (
        <Notice tone={toneOf(server)} title={<Headline server={server} />}>
          {needed !== undefined ? (
            // Nothing is broken: what is to be done comes first.
            <>
              <p className="text-soft first-letter:uppercase">{needed.replace(/\.$/, '')}.</p>
              {client ? <GiveClient server={server} /> : signIn ? <SignInSteps server={server} /> : <p className="mt-2">{t(server.identity.tokens === 'shared' ? 'identity.notYou' : 'identity.noUser')}</p>}
              <Folded server={server} />
            </>
          ) : (
            <>
              <Why server={server} helped={signIn || client} />
              {client && <GiveClient server={server} />}
              {signIn && <SignInSteps server={server} />}
            </>
          )}
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

function Headline({ server }: { server: Server }) {
  const { t, i18n } = useTranslation();
  const { explained } = server;
  const state = t(`state.${server.status}`, { defaultValue: server.status });
  // The hub's own words are English.
  const ours = standsAtFailure(server) && server.status === 'disconnected' ? t('server.signInFailed') : state;
  const failed = i18n.language === 'en' || explained === undefined ? (explained?.headline ?? why(server)) : ours;
  // Without a client it only waits for one.
  const said = server.status === 'needs_client' ? state : (failed ?? state);
  return (
    <span className="flex flex-wrap items-baseline justify-between gap-x-4">
      <span className="first-letter:uppercase">{said}</span>
      <span className="font-normal">
        <ErrorCode code={explained?.code} />
      </span>
    </span>
  );
}

/** `helped`: what is to be done stands below, to be done here. */
function Why({ server, helped }: { server: Server; helped: boolean }) {
  const { t } = useTranslation();
  if (server.explained !== undefined) return <ExplainedLines it={server.explained} />;
  return server.action !== null && !helped ? <p className="text-soft">{t('failed.helps', { action: server.action })}</p> : null;
}

function Folded({ server }: { server: Server }) {
  const { t } = useTranslation();
  if (server.explained === undefined) return null;
  return (
    <details className="mt-3">
      <summary className="text-act">{t('explained.more')}</summary>
      <div className="mt-2">
        <ExplainedLines it={server.explained} />
      </div>
    </details>
  );
}

function toneOf(server: Server): Tone {
  if (server.status === 'disconnected' && !isAsleep(server)) return 'bad';
  if (server.status === 'client_rejected' || server.status === 'registration_refused' || server.status === 'rejected_by_resource') return 'bad';
  return waitsForAPerson(server) || urgency(server) > 0 ? 'warn' : 'idle';
}
