// One thing that was looked at: what was found, what showed it, where it is written, and what helps.

import { CircleCheck, CircleX, Info, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import type { DoctorLine } from '../../api/shape';
import { inks, type Tone } from '../../ui/state';

const shown: Record<DoctorLine['verdict'], [Tone, LucideIcon]> = { ok: ['good', CircleCheck], note: ['warn', Info], wrong: ['bad', CircleX] };

export function FoundLine({ line }: { line: DoctorLine }) {
  const { t } = useTranslation();
  const [tone, Icon] = shown[line.verdict];
  const rows = [
    [t('doctor.asked'), line.asked],
    [t('doctor.came'), line.came],
    [t('doctor.clause'), line.clause],
  ].filter(([, said]) => said !== undefined);
  return (
    <li className="flex gap-3 px-4 py-2.5">
      <span className={`flex w-20 shrink-0 items-start gap-1.5 font-medium ${inks[tone]}`}>
        <Icon size={17} aria-hidden className="mt-0.5 shrink-0" />
        {t(`verdict.${line.verdict}`)}
      </span>
      <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <p>
          <span className="mr-2 text-soft">{t(`doctorPart.${line.part}`, { defaultValue: line.part })}</span>
          {line.text}
          {line.errorCode !== undefined && (
            <a href={`${pageFolder()}errors/${line.errorCode}`} target="_blank" rel="noopener noreferrer" className="prose-code ml-2 text-act underline underline-offset-2">
              {line.errorCode}
            </a>
          )}
        </p>
        {line.do !== undefined && <p className="mt-1">{t('failed.helps', { action: line.do })}</p>}
        {rows.length > 0 && (
          <details open={line.verdict === 'wrong' || undefined}>
            <summary className="text-[0.87rem] text-soft">{t('doctor.how')}</summary>
            <dl className="mt-1 mb-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-[0.87rem]">
              {rows.map(([name, said]) => (
                <div key={name} className="contents">
                  <dt className="text-soft">{name}</dt>
                  <dd className="prose-code m-0">{said}</dd>
                </div>
              ))}
            </dl>
          </details>
        )}
      </div>
    </li>
  );
}
