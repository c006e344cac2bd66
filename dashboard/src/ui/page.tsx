// How each page is laid out: a title, what can be done, the content, and the command lines that do the same.

import { Terminal } from 'lucide-react';
import { useEffect, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyLine } from './copy';
import { RefusalNotice } from './refusal';

interface Props {
  title: string;
  lead?: ReactNode;
  beside?: ReactNode;
  actions?: ReactNode;
  commands?: string[];
  children: ReactNode;
}

export function Page({ title, lead, beside, actions, commands, children }: Props) {
  useEffect(() => {
    document.title = `${title} · MCPHub`;
  }, [title]);
  return (
    <div className="mx-auto flex max-w-6xl flex-col gap-5 px-4 py-5 sm:px-6">
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-3">
        <div className="min-w-0">
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <h1 tabIndex={-1} className="[overflow-wrap:anywhere] outline-none">
              {title}
            </h1>
            {beside}
          </div>
          {lead !== undefined && <div className="mt-1 max-w-[75ch] text-soft">{lead}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
      {commands !== undefined && commands.length > 0 && <Commands lines={commands} />}
    </div>
  );
}

/** What does the same from a terminal. */
export function Commands({ lines }: { lines: string[] }) {
  const { t } = useTranslation();
  return (
    <section aria-label={t('page.commands')} className="mt-2 border-t border-line pt-4">
      <h2 className="mb-2 flex items-center gap-2 text-[0.87rem] font-medium text-soft">
        <Terminal size={15} aria-hidden />
        {t('page.commands')}
      </h2>
      <div className="grid gap-2 lg:grid-cols-2">
        {lines.map((line) => (
          <CopyLine key={line} text={line} />
        ))}
      </div>
    </section>
  );
}

export function Empty({ icon, title, children }: { icon?: ReactNode; title: string; children?: ReactNode }) {
  return (
    <div className="card flex flex-col items-center gap-2 px-6 py-10 text-center">
      <span aria-hidden className="text-soft">
        {icon}
      </span>
      <p className="font-semibold">{title}</p>
      {children !== undefined && <div className="flex max-w-[60ch] flex-col items-center gap-3 text-soft">{children}</div>}
    </div>
  );
}

/** Grey lines where the content will be. */
export function Loading({ rows = 4 }: { rows?: number }) {
  const { t } = useTranslation();
  return (
    <div role="status" aria-label={t('page.loading')} className="card divide-y divide-line">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex items-center gap-4 p-4">
          <span className="h-3.5 w-32 animate-pulse rounded bg-sunken" />
          <span className="h-3.5 flex-1 animate-pulse rounded bg-sunken" />
        </div>
      ))}
    </div>
  );
}

interface Asked<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** The content of an answer, or that it is on its way, or why it does not come. */
export function Answer<T>({ of, rows, children }: { of: Asked<T>; rows?: number; children: (told: T) => ReactNode }) {
  if (of.data !== undefined) return children(of.data);
  if (of.error !== null && of.error !== undefined) return <RefusalNotice goesOn error={of.error} again={() => void of.refetch()} />;
  return <Loading rows={rows} />;
}
