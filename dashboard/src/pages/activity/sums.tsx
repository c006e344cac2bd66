// What the calls come to; as long as nobody knows, in the same room.

import { useTranslation } from 'react-i18next';
import type { ActivityStats } from '../../api/shape';
import { took } from '../../words/time';

export function Sums({ sums }: { sums: ActivityStats | undefined }) {
  const { t, i18n } = useTranslation();
  const number = (count: number | undefined) => count?.toLocaleString(i18n.language) ?? '–';
  const time = (milliseconds: number | undefined) => (milliseconds === undefined || sums?.totalCalls === 0 ? '–' : took(milliseconds));
  const shown = [
    [t('activity.calls'), number(sums?.totalCalls)],
    [t('activity.failures'), number(sums?.errorCount)],
    [t('activity.median'), time(sums?.medianDuration)],
    [t('activity.p95'), time(sums?.p95Duration)],
  ];
  return (
    <dl aria-label={t('activity.sums')} className="card m-0 grid grid-cols-2 sm:grid-cols-4">
      {shown.map(([word, value]) => (
        <div key={word} className="flex flex-col-reverse justify-end px-4 py-3">
          <dt className="text-[0.87rem] text-soft">{word}</dt>
          <dd className="m-0 text-[1.35rem] font-semibold tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
