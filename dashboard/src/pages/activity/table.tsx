// The calls, line by line. On a narrow screen what has no column stands below the tool.

import { useTranslation } from 'react-i18next';
import type { Activity } from '../../api/shape';
import { sinceToday, took } from '../../words/time';
import { Came, who } from './came';

const head = 'px-3 py-2 text-left font-medium';
const wide = 'hidden md:table-cell';
const cell = 'px-3 py-2 align-top';

export function Calls({ calls, onOpen }: { calls: Activity[]; onOpen: (call: Activity) => void }) {
  const { t, i18n } = useTranslation();
  const when = (time: string) => sinceToday(time, i18n.language);
  return (
    <div className="card overflow-hidden">
      <table className="w-full table-fixed border-collapse text-[0.93rem]">
        <caption className="sr-only">{t('activity.table')}</caption>
        <thead className="border-b border-line text-[0.87rem] text-soft">
          <tr>
            <th scope="col" className={`${head} ${wide} w-28`}>
              {t('activity.time')}
            </th>
            <th scope="col" className={head}>
              {t('activity.tool')}
            </th>
            <th scope="col" className={`${head} ${wide} w-[18%]`}>
              {t('activity.server')}
            </th>
            <th scope="col" className={`${head} ${wide} w-[22%]`}>
              {t('activity.who')}
            </th>
            <th scope="col" className={`${head} ${wide} w-22 !text-right`}>
              {t('activity.took')}
            </th>
            <th scope="col" className={`${head} w-34`}>
              {t('activity.came')}
            </th>
          </tr>
        </thead>
        <tbody className="divide-y divide-line">
          {calls.map((call) => (
            <tr key={call.id} className="relative hover:bg-sunken">
              <td className={`${cell} ${wide} text-soft tabular-nums`}>
                <time dateTime={call.timestamp} title={call.timestamp}>
                  {when(call.timestamp)}
                </time>
              </td>
              <td className={cell}>
                <button
                  type="button"
                  aria-haspopup="dialog"
                  aria-label={t('activity.open', { tool: call.tool })}
                  onClick={() => onOpen(call)}
                  className="line-clamp-2 text-left font-medium [overflow-wrap:anywhere] after:absolute after:inset-0 hover:underline"
                >
                  <bdi>{call.tool}</bdi>
                </button>
                <Words call={call} />
                <p className="text-[0.87rem] text-soft [overflow-wrap:anywhere] md:hidden">
                  {when(call.timestamp)} · <bdi>{call.server}</bdi> · <bdi>{who(call, t)}</bdi> · <span className="whitespace-nowrap">{took(call.duration)}</span>
                </p>
              </td>
              <td className={`${cell} ${wide} [overflow-wrap:anywhere]`}>
                <bdi className="line-clamp-2">{call.server}</bdi>
              </td>
              <td className={`${cell} ${wide} [overflow-wrap:anywhere]`}>
                <bdi className="line-clamp-2">{who(call, t)}</bdi>
                <bdi className="line-clamp-1 text-[0.87rem] text-soft">{[call.client, call.group].filter(Boolean).join(' · ')}</bdi>
              </td>
              <td className={`${cell} ${wide} text-right whitespace-nowrap tabular-nums`}>{took(call.duration)}</td>
              <td className={cell}>
                <Came outcome={call.outcome} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The first words of an error. */
function Words({ call }: { call: Activity }) {
  if (!call.errorMessage || call.outcome === 'cancelled') return null;
  return <bdi className="line-clamp-1 text-[0.87rem] text-soft [overflow-wrap:anywhere]">{call.errorMessage}</bdi>;
}
