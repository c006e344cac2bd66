// The hub's own log: the last lines, and each as it is written.

import { useMutation } from '@tanstack/react-query';
import { Eraser, Pause, Play, SquareTerminal } from 'lucide-react';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import { clearLogs } from '../../api/calls';
import type { LogLevel, LogLine } from '../../api/shape';
import { Button } from '../../ui/button';
import { Notice } from '../../ui/notice';
import { FilterBar } from '../../ui/filters';
import { Empty, Loading, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { matches, SearchField } from '../../ui/search';
import { inks, type Tone } from '../../ui/state';
import { sinceToday } from '../../words/time';
import { useLines } from './lines';

const LEVELS: LogLevel[] = ['error', 'warn', 'info', 'debug'];
const tones: Record<LogLevel, Tone> = { error: 'bad', warn: 'warn', info: 'idle', debug: 'idle' };
const PAGE = 500;

export function Logs() {
  const { t } = useTranslation();
  const { lines, lost, error, clear } = useLines();
  const [text, setText] = useState('');
  const [least, setLeast] = useState<LogLevel>('debug');
  const [held, setHeld] = useState<LogLine[]>();
  const wanted = useDeferredValue(text);
  const wipe = useMutation({
    mutationFn: clearLogs,
    onSuccess: () => {
      clear();
      setHeld(undefined);
    },
  });
  const now = held ?? lines;
  const shown = useMemo(
    () => (now ?? []).filter((line) => LEVELS.indexOf(line.type) <= LEVELS.indexOf(least) && matches(wanted, line.message, line.source)).slice(-PAGE).reverse(),
    [now, least, wanted],
  );
  return (
    <Page title={t('logs.title')} lead={t('logs.lead')} commands={[`curl -N -H "x-auth-token: $MCPHUB_TOKEN" ${pageFolder()}api/logs/stream`]}>
      <FilterBar search={<SearchField value={text} onChange={setText} label={t('logs.search')} />}>
        <select aria-label={t('logs.least')} value={least} onChange={(event) => setLeast(event.target.value as LogLevel)} className="field sm:!w-auto">
          {LEVELS.map((level) => (
            <option key={level} value={level}>
              {t(`logs.from.${level}`)}
            </option>
          ))}
        </select>
        <Button icon={held === undefined ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />} onClick={() => setHeld(held === undefined ? (lines ?? []) : undefined)}>
          {t(held === undefined ? 'journal.hold' : 'journal.follow')}
        </Button>
        <Button icon={<Eraser size={15} aria-hidden />} busy={wipe.isPending} onClick={() => wipe.mutate()}>
          {t('logs.clear')}
        </Button>
      </FilterBar>
      <RefusalNotice goesOn={wipe.error === null} error={wipe.error ?? error} />
      {lost > 0 && <Notice tone="warn">{t('logs.lost', { count: lost })}</Notice>}
      {now === undefined ? (
        error === null && <Loading rows={6} />
      ) : shown.length === 0 ? (
        <Empty icon={<SquareTerminal size={28} />} title={t('logs.none')} />
      ) : (
        <ol className="card m-0 list-none divide-y divide-line overflow-hidden p-0">
          {shown.map((line) => (
            <Row key={line.id} line={line} />
          ))}
        </ol>
      )}
    </Page>
  );
}

const Row = memo(function Row({ line }: { line: LogLine }) {
  const { t, i18n } = useTranslation();
  const time = new Date(line.timestamp).toISOString();
  return (
    <li className="row-lazy grid grid-cols-[auto_auto_minmax(0,1fr)] gap-x-3 px-4 py-1.5 text-[0.9rem]">
      <time dateTime={time} title={time} className="text-soft tabular-nums">
        {sinceToday(time, i18n.language)}
      </time>
      <span className={`min-w-14 font-medium ${inks[tones[line.type]]}`}>{t(`logs.level.${line.type}`)}</span>
      <span className="col-span-3 min-w-0 sm:col-span-1">
        <span className="prose-code whitespace-pre-wrap">{line.message}</span> <span className="text-[0.82rem] text-soft">{line.source}</span>
      </span>
    </li>
  );
});
