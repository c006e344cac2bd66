// The prompts of a server, to search and to try.

import { MessageSquareText } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Server } from '../../api/shape';
import { Empty } from '../../ui/page';
import { Parts } from '../../ui/parts';
import { matches, SearchField } from '../../ui/search';
import { Described, ItemSwitch } from './item';
import { TryPrompt } from './tries';

export function Prompts({ server }: { server: Server }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  if (server.prompts.length === 0) return <Empty icon={<MessageSquareText size={28} />} title={t('prompts.none')} />;
  const shown = server.prompts.filter((prompt) => matches(text, prompt.name, prompt.title, prompt.description));
  return (
    <div className="flex flex-col gap-2">
      <SearchField value={text} onChange={setText} />
      <ul className="card m-0 list-none divide-y divide-line p-0">
        {shown.map((prompt) => (
          <li key={prompt.name} className="row-lazy px-4 py-3">
            <div className="flex items-start justify-between gap-3">
              <p className="prose-code font-semibold">
                <Parts text={prompt.name} />
              </p>
              <ItemSwitch server={server.name} kind="prompts" item={prompt.name} on={prompt.enabled} />
            </div>
            {prompt.title !== undefined && <p>{prompt.title}</p>}
            <Described server={server.name} kind="prompts" item={prompt.name} words={prompt.description} />
            {(prompt.arguments?.length ?? 0) > 0 && (
              <dl className="mt-2 mb-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1 text-[0.9rem]">
                {prompt.arguments?.map((argument) => (
                  <div key={argument.name} className="contents">
                    <dt className="prose-code">{argument.name}</dt>
                    <dd className="m-0 text-soft">{[argument.description, argument.required && t('form.required')].filter(Boolean).join(' · ')}</dd>
                  </div>
                ))}
              </dl>
            )}
            <TryPrompt server={server} prompt={prompt} />
          </li>
        ))}
      </ul>
    </div>
  );
}
