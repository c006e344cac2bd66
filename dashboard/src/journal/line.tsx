// One entry of a journal: when, what, on which evidence, by which rule.

import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Entry } from '../api/shape';
import { sinceToday, took } from '../words/time';
import { ruleInWords } from '../words/rule';
import { wentWrong } from './timeline';

export const EntryLine = memo(function EntryLine({ entry, named }: { entry: Entry; named?: boolean }) {
  const { t, i18n } = useTranslation();
  // An exchange begins with what it was for: the answer need not have given that.
  const told = entry.why ? (entry.request ? `${entry.why}: ${entry.decision}` : `${entry.decision}: ${entry.why}`) : entry.decision;
  return (
    <div className={`grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 gap-y-0.5 ${named ? '' : 'sm:grid-cols-[auto_7.5rem_minmax(0,1fr)]'}`}>
      <time dateTime={entry.time} title={entry.time} className="text-[0.87rem] leading-6 text-soft tabular-nums">
        {sinceToday(entry.time, i18n.language)}
      </time>
      <p className="flex min-w-0 flex-wrap gap-x-2">
        {named && (
          <Link to="/server" search={{ name: entry.server, tab: 'signIn' }} className="font-medium text-act no-underline [overflow-wrap:anywhere] hover:underline">
            {entry.server}
          </Link>
        )}
        <span className={named ? 'text-soft' : 'font-medium'}>{t(`stage.${entry.stage}`, { defaultValue: entry.stage })}</span>
      </p>
      <div className={`col-start-2 min-w-0 ${named ? '' : 'sm:col-start-3'}`}>
        <p className={`[overflow-wrap:anywhere] ${wentWrong(entry) ? 'text-bad' : ''}`}>{told}</p>
        <Evidence entry={entry} />
      </div>
    </div>
  );
});

function Evidence({ entry }: { entry: Entry }) {
  const asked = entry.request && `${entry.request.method} ${entry.request.host}${entry.request.path}`;
  const answered = entry.status !== undefined ? String(entry.status) : undefined;
  const took_ = entry.durationMs !== undefined ? took(entry.durationMs) : undefined;
  const parts = [asked, answered, took_].filter(Boolean).join(' · ');
  if (parts === '' && entry.rule === undefined) return null;
  return (
    <p className="flex flex-wrap gap-x-3 text-[0.87rem] text-soft">
      {parts !== '' && <span className="prose-code">{parts}</span>}
      {entry.rule !== undefined && <span>{ruleInWords(entry.rule)}</span>}
    </p>
  );
}
