// The latest lines of all journals.

import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Server } from '../../api/shape';
import { useJournals } from '../../journal/journals';
import { EntryLine } from '../../journal/line';

const SHOWN = 8;

export function Recent({ servers }: { servers: Server[] }) {
  const { t } = useTranslation();
  const { entries } = useJournals(servers);
  const latest = entries.slice(-SHOWN).reverse();
  return (
    <section aria-labelledby="recent" className="flex min-w-0 flex-col gap-2">
      <div className="flex items-baseline justify-between">
        <h2 id="recent">{t('home.recent')}</h2>
        <Link to="/journal" className="text-act underline underline-offset-2">
          {t('home.all')}
        </Link>
      </div>
      <div className="card">
        {latest.length === 0 ? (
          <p className="p-4 text-soft">{t('journal.none')}</p>
        ) : (
          <ul className="m-0 list-none divide-y divide-line p-0">
            {latest.map((entry, place) => (
              <li key={`${entry.time}${entry.server}${place}`} className="px-4 py-2">
                <EntryLine entry={entry} named />
              </li>
            ))}
          </ul>
        )}
      </div>
    </section>
  );
}
