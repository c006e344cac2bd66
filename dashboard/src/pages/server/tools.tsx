// The tools of a server, to search and to try.

import { useNavigate, useSearch } from '@tanstack/react-router';
import { ArrowLeft, SearchX, Wrench } from 'lucide-react';
import { memo, useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Server, Tool } from '../../api/shape';
import { Button } from '../../ui/button';
import { Empty } from '../../ui/page';
import { Parts } from '../../ui/parts';
import { matches, SearchField } from '../../ui/search';
import { isConnected } from '../../words/standing';
import { called } from './called';
import { Playground } from './playground';

export function Tools({ server }: { server: Server }) {
  const { t } = useTranslation();
  const { item } = useSearch({ from: '/server' });
  const navigate = useNavigate({ from: '/server' });
  const choose = (item: string | undefined) => void navigate({ search: { name: server.name, tab: 'tools', item }, resetScroll: false });
  if (server.tools.length === 0) {
    return <Empty icon={<Wrench size={28} />} title={t(isConnected(server) ? 'tools.none' : 'tools.notYet')} />;
  }
  const chosen = called(item, server.name, server.tools);
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <div className={chosen === undefined ? '' : 'hidden lg:block'}>
        <ToolList tools={server.tools} chosen={chosen?.name} onChoose={choose} />
      </div>
      {chosen === undefined ? (
        <div className="hidden lg:block">
          <Empty icon={<Wrench size={28} />} title={t('tools.choose')} />
        </div>
      ) : (
        <div className="flex flex-col gap-3">
          <Button small look="quiet" icon={<ArrowLeft size={16} aria-hidden />} onClick={() => choose(undefined)} className="self-start lg:!hidden">
            {t('tools.all')}
          </Button>
          <Playground key={chosen.name} server={server} tool={chosen} />
        </div>
      )}
    </div>
  );
}

function ToolList({ tools, chosen, onChoose }: { tools: Tool[]; chosen: string | undefined; onChoose: (name: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text);
  const shown = useMemo(() => tools.filter((tool) => matches(wanted, tool.name, tool.title, tool.description)), [tools, wanted]);
  return (
    <div className="flex flex-col gap-2">
      <SearchField value={text} onChange={setText} label={t('tools.search', { count: tools.length })} />
      <p role="status" className="sr-only">
        {t('tools.found', { count: shown.length })}
      </p>
      {shown.length === 0 ? (
        <Empty icon={<SearchX size={28} />} title={t('tools.noMatch')} />
      ) : (
        <ul className="card m-0 max-h-[70dvh] list-none divide-y divide-line overflow-y-auto p-0">
          {shown.map((tool) => (
            <ToolRow key={tool.name} tool={tool} chosen={tool.name === chosen} onChoose={onChoose} />
          ))}
        </ul>
      )}
    </div>
  );
}

const ToolRow = memo(function ToolRow({ tool, chosen, onChoose }: { tool: Tool; chosen: boolean; onChoose: (name: string) => void }) {
  const { t } = useTranslation();
  return (
    <li className="row-lazy">
      <button
        type="button"
        aria-current={chosen || undefined}
        onClick={() => onChoose(tool.name)}
        className="block w-full px-3 py-2 text-left -outline-offset-2 hover:bg-sunken aria-[current]:bg-act-wash"
      >
        <span className="flex items-baseline justify-between gap-2">
          <span className={`prose-code min-w-0 font-semibold ${tool.enabled ? '' : 'text-soft'}`}>
            <Parts text={tool.name} />
          </span>
          {!tool.enabled && <span className="shrink-0 text-[0.82rem] text-soft">{t('item.off')}</span>}
        </span>
        {tool.description !== undefined && <span className="line-clamp-2 text-[0.87rem] text-soft [overflow-wrap:anywhere]">{tool.description}</span>}
      </button>
    </li>
  );
}, sameRow);

/** The list is told anew with each news of its server; a row that says the same stays as it is. */
function sameRow(one: { tool: Tool; chosen: boolean }, other: { tool: Tool; chosen: boolean }): boolean {
  return one.chosen === other.chosen && one.tool.name === other.tool.name && one.tool.description === other.tool.description && one.tool.enabled === other.tool.enabled;
}
