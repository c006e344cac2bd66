// The resources of a server, to search and to read.

import { FileText } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Server } from '../../api/shape';
import { CopyButton } from '../../ui/copy';
import { Empty } from '../../ui/page';
import { matches, SearchField } from '../../ui/search';
import { Described, ItemSwitch } from './item';
import { TryResource } from './tries';

export function Resources({ server }: { server: Server }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  if (server.resources.length === 0) return <Empty icon={<FileText size={28} />} title={t('resources.none')} />;
  const shown = server.resources.filter((resource) => matches(text, resource.uri, resource.name, resource.description));
  return (
    <div className="flex flex-col gap-2">
      <SearchField value={text} onChange={setText} />
      <ul className="card m-0 list-none divide-y divide-line p-0">
        {shown.map((resource) => (
          <li key={resource.uri} className="row-lazy px-4 py-2.5">
            <div className="flex items-start justify-between gap-2">
              <div className="min-w-0 flex-1">
                <p className="font-medium">{resource.title ?? resource.name ?? resource.uri}</p>
                <p className="prose-code text-soft">{[resource.uri, resource.mimeType].filter(Boolean).join(' · ')}</p>
                <Described server={server.name} kind="resources" item={resource.uri} words={resource.description} />
              </div>
              <span className="flex items-center gap-2">
                <CopyButton text={resource.uri} />
                <ItemSwitch server={server.name} kind="resources" item={resource.uri} on={resource.enabled} />
              </span>
            </div>
            <TryResource server={server} resource={resource} />
          </li>
        ))}
      </ul>
    </div>
  );
}
