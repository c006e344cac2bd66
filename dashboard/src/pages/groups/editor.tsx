// A group: its name, its servers, of each server all or some of what it offers, and who may use it.

import { useQueryClient } from '@tanstack/react-query';
import { ChevronDown, ChevronRight } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { createGroup } from '../../api/calls';
import { useListChange, useServers, useUser } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Group, Member, Server } from '../../api/shape';
import { strangeWord, wishOf } from '../../sharing/sharing';
import { WhoMayUse } from '../../sharing/who';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { TextField, Tick } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';
import { matches, SearchField } from '../../ui/search';
import { draftOf, inWords, saveGroup, type Draft } from './change';
import { chosenAfter, countsOf, idOf, isChosen, itemsOf, LISTS, membersOf, type List } from './members';

/** A new group is private to the hub, too. */
const NEW: Draft = { name: '', description: '', selection: new Map(), sharing: { choice: 'private', users: [] } };

export function GroupEditor({ group, onClose }: { group: Group | undefined; onClose: () => void }) {
  const { t } = useTranslation();
  const known = useQueryClient();
  const servers = useServers().data?.data ?? [];
  const you = useUser().data?.username;
  const [was] = useState(() => (group === undefined ? NEW : draftOf(group)));
  const [name, setName] = useState(was.name);
  const [description, setDescription] = useState(was.description);
  const [selection, setSelection] = useState(was.selection);
  const [sharing, setSharing] = useState(was.sharing);
  const [text, setText] = useState('');
  const save = useListChange(keys.groups, async (now: Draft) => {
    if (group !== undefined) return saveGroup(known, idOf(group), was, now);
    await createGroup({ name: now.name, description: now.description, servers: membersOf(now.selection), ...wishOf(was.sharing, now.sharing) });
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name: name.trim(), description: description.trim(), selection, sharing }, { onSuccess: onClose });
  };
  const put = (server: string, member: Member | undefined) => {
    const now = new Map(selection);
    if (member === undefined) now.delete(server);
    else now.set(server, member);
    setSelection(now);
  };
  return (
    <Dialog open onClose={onClose} wide title={group === undefined ? t('groups.add') : t('groups.edit', { name: group.name })}>
      <form onSubmit={send} className="flex flex-col gap-4">
        <div className="grid gap-3 sm:grid-cols-2">
          <TextField label={t('groups.name')} required mono value={name} onChange={(event) => setName(event.target.value)} />
          <TextField label={t('groups.description')} value={description} onChange={(event) => setDescription(event.target.value)} />
        </div>
        <fieldset className="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
          <legend className="mb-1 p-0 font-medium">{t('groups.members', { count: selection.size })}</legend>
          {servers.length > 8 && <SearchField value={text} onChange={setText} label={t('servers.search')} />}
          <ul className="card m-0 max-h-[45dvh] list-none divide-y divide-line overflow-y-auto p-0">
            {servers
              .filter((server) => matches(text, server.name))
              .map((server) => (
                <MemberRow key={server.name} server={server} member={selection.get(server.name)} onChange={(member) => put(server.name, member)} />
              ))}
          </ul>
        </fieldset>
        <WhoMayUse sharing={sharing} onChange={setSharing} owner={group === undefined ? you : group.owner} hint={t('groups.sharingHint')} strange={group && strangeWord(group)} />
        <RefusalNotice error={inWords(t, save.error, was.name)} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('do.cancel')}</Button>
          <Button type="submit" look="act" busy={save.isPending} disabled={name.trim() === ''}>
            {t('do.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function MemberRow({ server, member, onChange }: { server: Server; member: Member | undefined; onChange: (member: Member | undefined) => void }) {
  const { t } = useTranslation();
  const lists = LISTS.filter((list) => server[list].length > 0);
  const [open, setOpen] = useState(false);
  const Arrow = open ? ChevronDown : ChevronRight;
  return (
    <li className="row-lazy px-3 py-2">
      <div className="flex items-center justify-between gap-2">
        <Tick label={server.name} checked={member !== undefined} onChange={(event) => onChange(event.target.checked ? { name: server.name } : undefined)} />
        {member !== undefined && lists.length > 0 && (
          <Button small look="quiet" aria-expanded={open} icon={<Arrow size={15} aria-hidden />} onClick={() => setOpen(!open)} className="shrink-0">
            {t('groups.chosen', countsOf(server, member))}
          </Button>
        )}
      </div>
      {member !== undefined && open && lists.map((list) => <Items key={list} list={list} server={server} member={member} onChange={onChange} />)}
    </li>
  );
}

function Items({ list, server, member, onChange }: { list: List; server: Server; member: Member; onChange: (member: Member) => void }) {
  const { t } = useTranslation();
  const items = itemsOf(server, list);
  const all = items.map((item) => item.key);
  const chosen = member[list];
  return (
    <fieldset className="m-0 mt-2 min-w-0 border-0 p-0 pl-6">
      <legend className="flex items-center gap-2 p-0 text-[0.87rem] text-soft">
        {t(`item.${list}`)}
        <Button small look="quiet" onClick={() => onChange({ ...member, [list]: chosen === undefined || chosen === 'all' ? [] : 'all' })}>
          {t(chosen === undefined || chosen === 'all' ? 'groups.noneOf' : 'groups.allOf')}
        </Button>
      </legend>
      <div className="grid gap-x-4 sm:grid-cols-2">
        {items.map(({ key, label }) => (
          <Tick key={key} label={<span className="prose-code">{label}</span>} checked={isChosen(chosen, key)} onChange={(event) => onChange({ ...member, [list]: chosenAfter(chosen, all, key, event.target.checked) })} />
        ))}
      </div>
    </fieldset>
  );
}
