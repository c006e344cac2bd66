// What is wrong in the hub's five lines, and the number under which its own page tells more.

import { useTranslation } from 'react-i18next';
import { pageFolder } from '../api/ask';
import type { Explained } from '../api/shape';
import { CopyLine } from './copy';

export function ExplainedLines({ it }: { it: Explained }) {
  const { t } = useTranslation();
  const lines: [string, string | undefined][] = [
    [t('explained.whatHappened'), it.whatHappened],
    [t('explained.evidence'), it.evidence],
    [t('explained.why'), it.why],
    [t('explained.do'), it.do],
    [t('explained.meanwhile'), it.meanwhile],
  ];
  return (
    <div className="mt-1 flex flex-col gap-2">
      <dl className="m-0 grid gap-x-4 gap-y-1 sm:grid-cols-[auto_minmax(0,1fr)]">
        {lines.map(
          ([word, text]) =>
            text !== undefined && (
              <div key={word} className="sm:contents">
                <dt className="text-[0.87rem] leading-6 text-soft">{word}</dt>
                <dd className="m-0 max-w-[75ch] [overflow-wrap:anywhere]">{text}</dd>
              </div>
            ),
        )}
      </dl>
      {it.command !== undefined && <CopyLine text={it.command} />}
    </div>
  );
}

/** Leads to the hub's page of this error, which needs no login. */
export function ErrorCode({ code }: { code: string | undefined }) {
  const { t } = useTranslation();
  if (code === undefined || !/^MCPHUB-[A-Z]+-\d+$/.test(code)) return null;
  return (
    <a href={`${pageFolder()}errors/${code}`} target="_blank" rel="noopener" title={t('explained.page')} className="prose-code whitespace-nowrap text-act underline underline-offset-2">
      {code}
    </a>
  );
}
