// Which tools were called, by whom, and what came of it. New calls come by themselves, as long as the newest are looked at.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Activity as ActivityIcon, ChevronLeft, ChevronRight, Eraser, Pause, Play, SearchX } from 'lucide-react';
import { useDeferredValue, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import { forgetActivities, listActivities, sumActivities } from '../../api/calls';
import { useListChange } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Activities, Activity } from '../../api/shape';
import { Button, looking } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Answer, Empty, Page } from '../../ui/page';
import { Detail } from './detail';
import { Filters } from './filters';
import { Sums } from './sums';
import { Calls } from './table';
import { isNarrowed, isWithin, query } from './wanted';

const LIMIT = 50;
/** How long a list of the last minutes may be behind the clock. */
const AGING = 30_000;

/** A page of the list. Without `still` the newest are shown as they come. */
interface Place {
  page: number;
  still?: Still | undefined;
}

/** A list that stands still: with no call behind this one, and with those that were in its time then. */
interface Still {
  upTo: number;
  at: number;
}

export function ActivityPage() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/activity' });
  const navigate = useNavigate({ from: '/activity' });
  const wanted = useDeferredValue(search);
  const [opened, setOpened] = useState<Activity>();
  const [asking, setAsking] = useState(false);
  const forget = useListChange(keys.activity, forgetActivities);
  const [place, go] = usePlace(JSON.stringify(wanted));
  const { page, still } = place;
  // The sums are those of the list, and stand still with it.
  const asked = () => ({ ...query(wanted, still?.at ?? Date.now()), ...(still && { upTo: still.upTo }) });
  const both = {
    placeholderData: keepPreviousData,
    // Nobody tells that a call has become too old for the list.
    refetchInterval: still === undefined && isWithin(wanted.since) && AGING,
  } as const;
  const calls = useQuery({ ...both, queryKey: [...keys.activity, 'list', wanted, page, still], queryFn: ({ signal }) => listActivities(asked(), page, LIMIT, signal) });
  const sums = useQuery({ ...both, queryKey: [...keys.activity, 'sums', wanted, still], queryFn: ({ signal }) => sumActivities(asked(), signal) });
  const stop = (): Still => still ?? { upTo: Number(calls.data?.data[0]?.id ?? 0), at: calls.dataUpdatedAt || Date.now() };
  const live = still === undefined;
  const forgotten = () => {
    setAsking(false);
    go({ page: 1 });
  };
  const wipe = (
    <Button icon={<Eraser size={15} aria-hidden />} onClick={() => setAsking(true)}>
      {t('activity.forget')}
    </Button>
  );
  return (
    <Page title={t('activity.title')} lead={t('activity.lead')} actions={wipe} commands={[`curl -H "x-auth-token: $MCPHUB_TOKEN" "${pageFolder()}api/activities?limit=100"`]}>
      {sums.error === null && <Sums sums={sums.data} />}
      <Filters wanted={search} onChange={(change) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true })}>
        <Button icon={live ? <Pause size={15} aria-hidden /> : <Play size={15} aria-hidden />} onClick={() => go({ page: 1, still: live ? stop() : undefined })}>
          {t(live ? 'journal.hold' : 'journal.follow')}
        </Button>
      </Filters>
      <Answer of={calls} rows={8}>
        {(told) => (told.data.length === 0 ? <Nothing narrowed={isNarrowed(wanted)} /> : <Calls calls={told.data} onOpen={setOpened} />)}
      </Answer>
      {calls.data !== undefined && <Pages told={calls.data} onGo={(page) => go({ page, still: stop() })} />}
      {opened !== undefined && <Detail call={opened} onClose={() => setOpened(undefined)} />}
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={t('activity.forgetTitle')}
        lead={t('activity.forgetLead')}
        word={t('activity.forget')}
        busy={forget.isPending}
        error={forget.error}
        onYes={() => forget.mutate(undefined, { onSuccess: forgotten })}
      />
    </Page>
  );
}

/** Another list begins at its beginning. */
function usePlace(of: string): [Place, (to: Place) => void] {
  const [place, go] = useState<Place>({ page: 1 });
  const [list, setList] = useState(of);
  if (list === of) return [place, go];
  setList(of);
  go({ page: 1 });
  return [{ page: 1 }, go];
}

function Nothing({ narrowed }: { narrowed: boolean }) {
  const { t } = useTranslation();
  if (narrowed) return <Empty icon={<SearchX size={28} />} title={t('activity.noMatch')} />;
  return (
    <Empty icon={<ActivityIcon size={28} />} title={t('activity.none')}>
      <p>{t('activity.noneLead')}</p>
      <Link to="/connect" className={looking('plain')}>
        {t('connect.title')}
      </Link>
    </Empty>
  );
}

function Pages({ told, onGo }: { told: Activities; onGo: (page: number) => void }) {
  const { t } = useTranslation();
  const { page, limit, total, hasPrevPage, hasNextPage } = told.pagination;
  if (told.data.length === 0 && page === 1) return null;
  const from = (page - 1) * limit + 1;
  return (
    <nav aria-label={t('activity.pages')} className="flex flex-wrap items-center justify-between gap-2">
      <p className="text-soft tabular-nums">{t('activity.shown', { from: Math.min(from, total), to: Math.min(from + told.data.length - 1, total), total })}</p>
      <div className="flex gap-2">
        <Button idle={!hasPrevPage} icon={<ChevronLeft size={16} aria-hidden />} onClick={() => onGo(page - 1)}>
          {t('activity.newer')}
        </Button>
        <Button idle={!hasNextPage} onClick={() => onGo(page + 1)}>
          {t('activity.older')}
          <ChevronRight size={16} aria-hidden />
        </Button>
      </div>
    </nav>
  );
}
