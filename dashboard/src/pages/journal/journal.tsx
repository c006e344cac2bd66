// What happened to all sign-ins, line by line, and what happens now.

import { useNavigate, useSearch } from '@tanstack/react-router';
import { Pause, Play, ScrollText } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useServers } from '../../api/hooks';
import type { Entry, Server } from '../../api/shape';
import { hasJournal, useJournals } from '../../journal/journals';
import { EntryLine } from '../../journal/line';
import { Button } from '../../ui/button';
import { FilterBar } from '../../ui/filters';
import { Answer, Empty, Loading, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { matches, SearchField } from '../../ui/search';
import { command, quoted } from '../../words/shell';

/** As many lines at a time. */
const PAGE = 200;

export function JournalPage() {
  const { t } = useTranslation();
  const servers = useServers();
  const { server } = useSearch({ from: '/journal' });
  return (
    <Page title={t('journal.title')} lead={t('journal.lead')} commands={[command('auth', 'log', server === undefined ? '<server>' : quoted(server), '--follow')]}>
      <Answer of={servers}>{(told) => <Journals servers={told.data} />}</Answer>
    </Page>
  );
}

function Journals({ servers }: { servers: Server[] }) {
  const { t } = useTranslation();
  const { server } = useSearch({ from: '/journal' });
  const navigate = useNavigate({ from: '/journal' });
  const told = useMemo(() => servers.filter((it) => hasJournal(it) && (server === undefined || it.name === server)), [servers, server]);
  const { entries, pending, error } = useJournals(told);
  const [text, setText] = useState('');
  const [only, setOnly] = useState('');
  const [most, setMost] = useState(PAGE);
  const [stopped, setStopped] = useState<{ entries: Entry[]; of: string | undefined }>();
  // What was held of one server says nothing of another.
  if (stopped !== undefined && stopped.of !== server) setStopped(undefined);
  const held = stopped?.of === server ? stopped?.entries : undefined;
  const wanted = useDeferredValue(text);
  const now = held ?? entries;
  const shown = useMemo(
    () => now.filter((it) => (only === '' || it.stage === only) && matches(wanted, it.server, it.decision, it.why, it.rule, it.request?.host, it.request?.path, String(it.status ?? ''))).reverse(),
    [now, only, wanted],
  );
  const names = servers.filter(hasJournal).map((it) => it.name);
  // What is chosen is among it, also where it is gone, or has no journal: what is shown is of no other.
  const choices = server === undefined || names.includes(server) ? names : [server, ...names];
  const stages = [...new Set(entries.map((entry) => entry.stage))];
  return (
    <>
      <FilterBar search={<SearchField value={text} onChange={setText} label={t('journal.search')} />}>
        <select aria-label={t('journal.server')} value={server ?? ''} onChange={(event) => void navigate({ search: { server: event.target.value || undefined }, replace: true })} className="field sm:!w-auto sm:max-w-52">
          <option value="">{t('journal.allServers')}</option>
          {choices.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <select aria-label={t('journal.stage')} value={only} onChange={(event) => setOnly(event.target.value)} className="field sm:!w-auto">
          <option value="">{t('journal.allStages')}</option>
          {stages.map((stage) => (
            <option key={stage} value={stage}>
              {t(`stage.${stage}`, { defaultValue: stage })}
            </option>
          ))}
        </select>
        <Button icon={held === undefined ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />} onClick={() => setStopped(held === undefined ? { entries, of: server } : undefined)}>
          {t(held === undefined ? 'journal.hold' : 'journal.follow')}
        </Button>
      </FilterBar>
      {error !== null && <RefusalNotice goesOn error={error} />}
      {pending && entries.length === 0 && told.length > 0 ? (
        <Loading rows={6} />
      ) : shown.length === 0 ? (
        <Empty icon={<ScrollText size={28} />} title={t(entries.length === 0 ? 'journal.none' : 'journal.noMatch')} />
      ) : (
        <ol className="card m-0 list-none divide-y divide-line p-0">
          {shown.slice(0, most).map((entry, place) => (
            <li key={`${entry.server}${entry.time}${shown.length - place}`} className="row-lazy px-4 py-2">
              <EntryLine entry={entry} named={server === undefined} />
            </li>
          ))}
        </ol>
      )}
      {shown.length > most && (
        <Button onClick={() => setMost(most + PAGE)} className="self-center">
          {t('journal.older', { count: shown.length - most })}
        </Button>
      )}
    </>
  );
}
