// Named subsets of servers, each an address of its own.

import { Boxes, Pencil, Plus, Trash2, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import { removeGroup } from '../../api/calls';
import { useGroups, useListChange, useUsers } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Group } from '../../api/shape';
import { sharingOf, strangeWord, UNSAID } from '../../sharing/sharing';
import { forWhom } from '../../sharing/who';
import { Button, IconButton } from '../../ui/button';
import { CopyLine } from '../../ui/copy';
import { Confirm } from '../../ui/dialog';
import { Answer, Empty, Page } from '../../ui/page';
import { command } from '../../words/shell';
import { inWords } from './change';
import { GroupEditor } from './editor';
import { idOf, selectionOf } from './members';

export function Groups() {
  const { t } = useTranslation();
  const groups = useGroups();
  const [edited, setEdited] = useState<Group | 'new'>();
  const [doomed, setDoomed] = useState<Group>();
  const remove = useListChange(keys.groups, removeGroup);
  const add = (
    <Button look="act" icon={<Plus size={17} aria-hidden />} onClick={() => setEdited('new')}>
      {t('groups.add')}
    </Button>
  );
  return (
    <Page title={t('groups.title')} lead={t('groups.lead')} actions={add} commands={[command('groups', 'list'), command('groups', 'add', '<name>', '--servers', 'a,b')]}>
      <Answer of={groups}>
        {(groups) =>
          groups.length === 0 ? (
            <Empty icon={<Boxes size={28} />} title={t('groups.none')} />
          ) : (
            <ul className="m-0 grid list-none gap-3 p-0 md:grid-cols-2">
              {groups.map((group) => (
                <Card key={idOf(group)} group={group} onEdit={() => setEdited(group)} onRemove={() => setDoomed(group)} />
              ))}
            </ul>
          )
        }
      </Answer>
      {edited !== undefined && <GroupEditor group={edited === 'new' ? undefined : edited} onClose={() => setEdited(undefined)} />}
      <Confirm
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={t('groups.removeTitle', { name: doomed?.name ?? '' })}
        lead={t('groups.removeLead')}
        word={t('groups.remove')}
        busy={remove.isPending}
        error={inWords(t, remove.error, doomed?.name ?? '')}
        onYes={() => doomed && remove.mutate(idOf(doomed), { onSuccess: () => setDoomed(undefined) })}
      />
    </Page>
  );
}

function Card({ group, onEdit, onRemove }: { group: Group; onEdit: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const users = useUsers().data;
  const word = strangeWord(group);
  const members = [...selectionOf(group).values()];
  const narrowed = (tools: unknown) => Array.isArray(tools);
  return (
    <li className="card row-lazy flex min-w-0 flex-col gap-3 p-4">
      <div className="flex items-start justify-between gap-2">
        <div className="min-w-0">
          <h2 className="[overflow-wrap:anywhere]">{group.name}</h2>
          {group.description !== undefined && group.description !== '' && <p className="text-soft [overflow-wrap:anywhere]">{group.description}</p>}
        </div>
        <div className="flex shrink-0">
          <IconButton small label={t('groups.edit', { name: group.name })} onClick={onEdit}>
            <Pencil size={16} aria-hidden />
          </IconButton>
          <IconButton small label={t('groups.removeNamed', { name: group.name })} onClick={onRemove}>
            <Trash2 size={16} aria-hidden />
          </IconButton>
        </div>
      </div>
      {members.length === 0 ? (
        <p className="text-soft">{t('groups.empty')}</p>
      ) : (
        <ul className="m-0 flex list-none flex-wrap gap-1.5 p-0">
          {members.map((member) => (
            <li key={member.name} className="rounded bg-sunken px-2 py-0.5 text-[0.87rem] [overflow-wrap:anywhere]">
              {member.name}
              {narrowed(member.tools) && <span className="text-soft"> · {t('item.toolCount', { count: member.tools?.length ?? 0 })}</span>}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-auto flex items-start gap-2 text-[0.87rem] text-soft">
        <UsersRound size={15} aria-hidden className="mt-0.5 shrink-0" />
        <span className="min-w-0 [overflow-wrap:anywhere]">{word === undefined ? forWhom(t, sharingOf(group, UNSAID.group), users) : t('sharing.strangeCard', { word })}</span>
      </p>
      <CopyLine text={`${pageFolder()}mcp/${encodeURIComponent(group.name)}`} />
    </li>
  );
}
