// The sign-ins of a server: the one that counts as a strip, the others, and every line of the journal.

import { ShieldOff } from 'lucide-react';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useJournal } from '../../api/hooks';
import type { Entry, Server } from '../../api/shape';
import { EntryLine } from '../../journal/line';
import { Strip } from '../../journal/strip';
import { chief, fold, outcome, type SignIn } from '../../journal/timeline';
import { Answer, Empty } from '../../ui/page';
import { standsAtFailure } from '../../words/standing';
import { dayAndClock } from '../../words/time';

const OTHERS = 10;

export function SignInTab({ server }: { server: Server }) {
  const journal = useJournal(server.name);
  return <Answer of={journal}>{(entries) => <Told server={server} entries={entries} />}</Answer>;
}

function Told({ server, entries }: { server: Server; entries: Entry[] }) {
  const { t } = useTranslation();
  const waits = server.oauth.authorizationUrl !== undefined;
  const signIns = useMemo(() => fold(entries, waits), [entries, waits]);
  const shown = chief(signIns, standsAtFailure(server));
  const others = signIns.filter((it) => it !== shown);
  // The journal begins with the hub, and a sign-in outlives it.
  const stands = server.oauth.connected || server.identity.tokens === 'per_user' || shown !== undefined;
  return (
    <div className="flex flex-col gap-5">
      {stands && (
        <>
          <Grant server={server} />
          <InWhoseName server={server} />
        </>
      )}
      {shown === undefined ? (
        <Empty icon={<ShieldOff size={28} />} title={t(server.oauth.connected ? 'timeline.before' : 'timeline.none')}>
          {server.oauth.offeredBy !== undefined && <p>{t('signIn.offered', { issuer: server.oauth.offeredBy })}</p>}
        </Empty>
      ) : (
        <Stages shown={shown} others={others} entries={entries} />
      )}
    </div>
  );
}

function Stages({ shown, others, entries }: { shown: SignIn; others: SignIn[]; entries: Entry[] }) {
  const { t, i18n } = useTranslation();
  return (
    <>
      <section aria-label={t('timeline.title')} className="flex flex-col gap-2">
        <h2>{t('timeline.title')}</h2>
        <Strip key={shown.id} signIn={shown} />
      </section>
      {others.length > 0 && (
        <section aria-label={t('timeline.others')} className="flex flex-col gap-2">
          <h2>{t('timeline.others')}</h2>
          {others.slice(0, OTHERS).map((signIn) => (
            <details key={signIn.id + signIn.began} className="card">
              <summary className="px-4 py-2.5 font-medium">
                {dayAndClock(signIn.began, i18n.language)}
                <CameTo signIn={signIn} />
              </summary>
              <div className="border-t border-line p-3">
                <Strip signIn={signIn} />
              </div>
            </details>
          ))}
        </section>
      )}
      <details className="card">
        <summary className="px-4 py-2.5 font-medium">{t('timeline.lines', { count: entries.length })}</summary>
        <ul className="m-0 list-none divide-y divide-line border-t border-line p-0">
          {entries.toReversed().map((entry, place) => (
            <li key={`${entry.time}${place}`} className="row-lazy px-4 py-2">
              <EntryLine entry={entry} />
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}

/** What came of a sign-in, beside its time. */
function CameTo({ signIn }: { signIn: SignIn }) {
  const { t } = useTranslation();
  const { came, at } = outcome(signIn);
  return <span className={`ml-3 font-normal ${came === 'failed' ? 'text-bad' : 'text-soft'}`}>{t(`timeline.${came}`, { step: at && t(`step.${at}`) })}</span>;
}

/** As whom calls reach the server, and who else does. */
function InWhoseName({ server }: { server: Server }) {
  const { t } = useTranslation();
  const { tokens, username, people } = server.identity;
  if (tokens === 'shared') return <p className="text-soft">{t('identity.shared')}</p>;
  return (
    <section aria-label={t('identity.title')} className="flex flex-col gap-2">
      <p className="text-soft">{username === undefined ? t('identity.noUser') : t('identity.own', { username })}</p>
      {people !== undefined && people.length > 0 && (
        <ul className="m-0 flex list-none flex-wrap gap-2 p-0">
          {people.map((person) => (
            <li key={person.username} className="card max-w-full px-3 py-1 [overflow-wrap:anywhere]">
              <bdi>{person.username}</bdi> <span className="text-soft">{t(`state.${person.status}`, { defaultValue: person.status })}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** What the sign-in brought. */
function Grant({ server }: { server: Server }) {
  const { t, i18n } = useTranslation();
  const { connected, issuer, expiresAt, scopes, profile } = server.oauth;
  if (!connected) return null;
  const facts: [string, string][] = [];
  if (issuer !== undefined) facts.push([t('grant.issuer'), issuer]);
  if (expiresAt !== undefined) facts.push([t('grant.expires'), dayAndClock(expiresAt, i18n.language)]);
  if ((scopes?.length ?? 0) > 0) facts.push([t('grant.scopes'), scopes?.join(' ') ?? '']);
  for (const line of profile ?? []) facts.push([t('grant.profile'), line]);
  if (facts.length === 0) return null;
  return (
    <dl className="card m-0 grid gap-x-6 gap-y-2 p-4 sm:grid-cols-[repeat(auto-fit,minmax(12rem,1fr))]">
      {facts.map(([word, fact]) => (
        <div key={word + fact} className="min-w-0">
          <dt className="text-[0.87rem] text-soft">{word}</dt>
          <dd className="m-0 [overflow-wrap:anywhere]">{fact}</dd>
        </div>
      ))}
    </dl>
  );
}
