// What each server's journal said last.

import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Server } from '../../api/shape';
import { hasJournal, useJournals } from '../../journal/journals';
import { EntryLine } from '../../journal/line';
import { RefusalNotice } from '../../ui/refusal';
import { urgency } from '../../words/standing';

const SHOWN = 8;
/** Each server has a journal of its own: those that need somebody come first, and not all are asked for. */
const ASKED = 20;

export function Recent({ servers }: { servers: Server[] }) {
  const { t } = useTranslation();
  const asked = useMemo(() => servers.filter(hasJournal).sort((one, other) => urgency(other) - urgency(one)).slice(0, ASKED), [servers]);
  const { entries, pending, error } = useJournals(asked);
  const latest = useMemo(() => [...new Map(entries.map((entry) => [entry.server, entry])).values()].sort((one, other) => other.time.localeCompare(one.time)).slice(0, SHOWN), [entries]);
  return (
    <section aria-labelledby="recent" className="flex min-w-0 flex-col gap-2">
      <div className="flex items-baseline justify-between">
        <h2 id="recent">{t('home.recent')}</h2>
        <Link to="/journal" className="text-act underline underline-offset-2">
          {t('home.all')}
        </Link>
      </div>
      <RefusalNotice goesOn error={error} />
      {latest.length > 0 ? (
        <ul className="card m-0 list-none divide-y divide-line p-0">
          {latest.map((entry) => (
            <li key={entry.server} className="px-4 py-2">
              <EntryLine entry={entry} named />
            </li>
          ))}
        </ul>
      ) : (
        error === null && <p className="card p-4 text-soft">{t(pending ? 'page.loading' : 'journal.none')}</p>
      )}
    </section>
  );
}
