// One sign-in as a strip of its stages. Each opens to what was asked, what came back, what was decided, why, and by which rule.

import { Check, CircleDot, Hourglass, Minus, X, type LucideIcon } from 'lucide-react';
import { useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Entry } from '../api/shape';
import { ErrorCode } from '../ui/explained';
import { washes, type Tone } from '../ui/state';
import { ruleInWords } from '../words/rule';
import { clock, took } from '../words/time';
import { type Mark, type SignIn, type Step, type Stretch, wentWrong } from './timeline';

const marks: Record<Mark, [Tone, LucideIcon]> = {
  done: ['good', Check],
  failed: ['bad', X],
  waiting: ['warn', Hourglass],
  left: ['idle', Minus],
  unneeded: ['idle', Minus],
  ahead: ['idle', CircleDot],
};

export function Strip({ signIn }: { signIn: SignIn }) {
  const { t } = useTranslation();
  const id = useId();
  const [chosen, setChosen] = useState<Step>();
  const open = chosen ?? interesting(signIn);
  const shown = signIn.stretches.find((stretch) => stretch.step === open);
  return (
    <div className="card overflow-hidden">
      {/* What shows between them are the lines, in a row and in two. */}
      <ol className={`m-0 grid list-none gap-px bg-line p-0 ${signIn.stretches.length > 7 ? 'lg:grid-cols-4 xl:grid-cols-8' : 'lg:grid-cols-7'}`}>
        {signIn.stretches.map((stretch, place) => (
          <Stop key={stretch.step} stretch={stretch} last={place === signIn.stretches.length - 1} renewed={signIn.renewed} open={open === stretch.step} panel={id} onOpen={() => setChosen(stretch.step)} />
        ))}
      </ol>
      {shown !== undefined && (
        <div id={id} role="region" aria-label={t(`step.${shown.step}`)} className="border-t border-line p-4">
          <p className="mb-3 max-w-[75ch] text-soft">{t(`about.${shown.step}`)}</p>
          {shown.entries.length === 0 ? (
            <p>{t(`mark.${shown.mark}Lead`)}</p>
          ) : (
            <ol className="m-0 flex list-none flex-col gap-3 p-0">
              {shown.entries.map((entry, place) => (
                <li key={`${entry.time}${place}`} className="row-lazy">
                  <Happening entry={entry} />
                </li>
              ))}
            </ol>
          )}
        </div>
      )}
    </div>
  );
}

/** What went wrong, else what waits, else the last that happened. */
function interesting({ stretches }: SignIn): Step | undefined {
  const by = (mark: Mark) => stretches.find((stretch) => stretch.mark === mark);
  return (by('failed') ?? by('waiting') ?? stretches.findLast((stretch) => stretch.entries.length > 0 && stretch.step !== 'renewals'))?.step;
}

interface StopProps {
  stretch: Stretch;
  last: boolean;
  renewed: number;
  open: boolean;
  panel: string;
  onOpen: () => void;
}

function Stop({ stretch, last, renewed, open, panel, onOpen }: StopProps) {
  const { t, i18n } = useTranslation();
  const [tone, Icon] = marks[stretch.mark];
  const times = stretch.step === 'renewals' && renewed > 0 ? t('timeline.renewed', { count: renewed }) : stretch.began && clock(stretch.began, i18n.language);
  const lasted = stretch.step !== 'renewals' && stretch.took !== undefined && stretch.took > 0 ? took(stretch.took) : undefined;
  const reached = stretch.entries.length > 0;
  return (
    <li className="relative bg-surface">
      <button
        type="button"
        aria-expanded={open}
        aria-controls={open ? panel : undefined}
        onClick={onOpen}
        className={`flex h-full w-full items-center gap-3 px-4 py-2.5 text-left -outline-offset-2 hover:bg-sunken lg:flex-col lg:items-start lg:gap-1.5 lg:px-2 lg:py-3 ${open ? 'bg-sunken' : ''}`}
      >
        <span className="flex w-auto items-center lg:w-full">
          <span className={`z-10 grid size-6 shrink-0 place-items-center rounded-full ${washes[tone]} ${reached ? '' : 'opacity-70'}`}>
            <Icon size={15} aria-hidden />
          </span>
          <span aria-hidden className={`ml-1 hidden h-0.5 flex-1 rounded lg:block bg-line ${last ? 'invisible' : ''}`} />
        </span>
        <span className="flex min-w-0 flex-1 flex-wrap items-baseline justify-between gap-x-2 lg:block">
          <span className={`block font-medium lg:max-xl:text-[0.9rem] ${reached ? '' : 'text-soft'}`}>{t(`step.${stretch.step}`)}</span>
          <span className="block text-[0.82rem] text-soft tabular-nums">
            {reached ? times : t(`mark.${stretch.mark}`)}
            {lasted !== undefined && ` · ${lasted}`}
          </span>
          {reached && stretch.mark !== 'done' && <span className={`block text-[0.82rem] font-medium ${tone === 'bad' ? 'text-bad' : tone === 'warn' ? 'text-warn' : 'text-soft'}`}>{t(`mark.${stretch.mark}`)}</span>}
          {reached && stretch.mark === 'done' && <span className="sr-only">{t('mark.done')}</span>}
        </span>
      </button>
    </li>
  );
}

function Happening({ entry }: { entry: Entry }) {
  const { t, i18n } = useTranslation();
  const rows: [string, string, boolean][] = [];
  if (entry.request) rows.push([t('entry.asked'), `${entry.request.method} ${entry.request.host}${entry.request.path}`, true]);
  if (entry.status !== undefined) rows.push([t('entry.answered'), [entry.status, entry.durationMs !== undefined && took(entry.durationMs)].filter(Boolean).join(' · '), true]);
  if (entry.request === undefined || entry.status === undefined || !/^answered \d+$/.test(entry.decision)) rows.push([t('entry.decided'), entry.decision, false]);
  if (entry.why) rows.push([t(entry.request ? 'entry.for' : 'entry.why'), entry.why, false]);
  if (entry.rule) rows.push([t('entry.rule'), ruleInWords(entry.rule), false]);
  if (entry.user) rows.push([t('entry.user'), entry.user, false]);
  return (
    <div className={`grid gap-x-4 gap-y-1 border-l-2 pl-3 sm:grid-cols-[5rem_minmax(0,1fr)] ${wentWrong(entry) ? 'border-bad' : 'border-line'}`}>
      <time dateTime={entry.time} title={entry.time} className="text-[0.87rem] leading-6 text-soft tabular-nums">
        {clock(entry.time, i18n.language)}
      </time>
      <dl className="m-0 grid min-w-0 grid-cols-[auto_minmax(0,1fr)] gap-x-3">
        {rows.map(([word, told, code]) => (
          <div key={word} className="contents">
            <dt className="text-soft">{word}</dt>
            <dd className={`m-0 [overflow-wrap:anywhere] ${code ? 'prose-code leading-6' : ''}`}>{told}</dd>
          </div>
        ))}
        {entry.errorCode !== undefined && (
          <div className="contents">
            <dt className="text-soft">{t('entry.code')}</dt>
            <dd className="m-0">
              <ErrorCode code={entry.errorCode} />
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}
