// Makes a key, and shows it this once.

import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { createKey } from '../../api/calls';
import { useGroups, useListChange, useServers, useUsers } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Access } from '../../api/shape';
import { Button } from '../../ui/button';
import { CopyLine } from '../../ui/copy';
import { Dialog } from '../../ui/dialog';
import { Select, TextField, Tick } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';

const REACHES = ['all', 'groups', 'servers', 'custom'] as const;

export function MakeKey({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [owner, setOwner] = useState('');
  const [access, setAccess] = useState<Access>('all');
  const [groups, setGroups] = useState<string[]>([]);
  const [servers, setServers] = useState<string[]>([]);
  // A user's key opens what he may see: nothing is chosen for it.
  const isSystem = owner === '';
  const hasGroups = isSystem && (access === 'groups' || access === 'custom');
  const hasServers = isSystem && (access === 'servers' || access === 'custom');
  const make = useListChange(keys.bearerKeys, createKey);
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (!isSystem) return make.mutate({ name: name.trim(), kind: 'user', owner });
    make.mutate({ name: name.trim(), kind: 'system', accessType: access, allowedGroups: hasGroups ? groups : [], allowedServers: hasServers ? servers : [] });
  };
  if (make.data !== undefined) {
    return (
      <Dialog open firm onClose={onClose} title={t('keys.made', { name: make.data.name })} lead={t('keys.madeLead')}>
        <CopyLine text={make.data.token} />
        <Button look="act" onClick={onClose} className="self-end">
          {t('keys.kept')}
        </Button>
      </Dialog>
    );
  }
  return (
    <Dialog open onClose={onClose} title={t('keys.add')}>
      <form onSubmit={send} className="flex flex-col gap-4">
        <TextField label={t('keys.name')} hint={t('keys.nameHint')} required value={name} onChange={(event) => setName(event.target.value)} />
        <Owner owner={owner} onChange={setOwner} />
        {isSystem && (
          <Select label={t('keys.reach')} value={access} onChange={(event) => setAccess(event.target.value as Access)}>
            {REACHES.map((reach) => (
              <option key={reach} value={reach}>
                {t(`keys.reaches.${reach}`)}
              </option>
            ))}
          </Select>
        )}
        {hasGroups && <GroupTicks chosen={groups} onChange={setGroups} />}
        {hasServers && <ServerTicks chosen={servers} onChange={setServers} />}
        <RefusalNotice error={make.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('do.cancel')}</Button>
          <Button type="submit" look="act" busy={make.isPending} disabled={name.trim() === ''}>
            {t('keys.make')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** For whom the key is: nobody in particular, or a user. */
function Owner({ owner, onChange }: { owner: string; onChange: (owner: string) => void }) {
  const { t } = useTranslation();
  const users = useUsers();
  const names = users.data?.map((user) => user.username) ?? [];
  // Who is deleted meanwhile stays chosen, and the hub refuses: his key must not become one for everybody.
  const shown = owner === '' || names.includes(owner) ? names : [...names, owner];
  return (
    <>
      <Select label={t('keys.owner')} hint={t('keys.ownerHint')} value={owner} onChange={(event) => onChange(event.target.value)}>
        <option value="">{t('keys.system')}</option>
        {shown.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </Select>
      <RefusalNotice error={users.error} again={() => void users.refetch()} />
    </>
  );
}

function GroupTicks(props: { chosen: string[]; onChange: (chosen: string[]) => void }) {
  const { t } = useTranslation();
  return <Ticks {...props} label={t('groups.title')} names={useGroups().data?.map((group) => group.name) ?? []} none={t('groups.none')} />;
}

function ServerTicks(props: { chosen: string[]; onChange: (chosen: string[]) => void }) {
  const { t } = useTranslation();
  return <Ticks {...props} label={t('servers.title')} names={useServers().data?.data.map((server) => server.name) ?? []} none={t('servers.none')} />;
}

function Ticks({ label, names, none, chosen, onChange }: { label: string; names: string[]; none: string; chosen: string[]; onChange: (chosen: string[]) => void }) {
  return (
    <fieldset className="m-0 min-w-0 border-0 p-0">
      <legend className="mb-1 p-0 font-medium">{label}</legend>
      {names.length === 0 && <p className="text-soft">{none}</p>}
      <div className="grid max-h-60 gap-x-4 overflow-y-auto sm:grid-cols-2">
        {names.map((name) => (
          <Tick key={name} label={name} checked={chosen.includes(name)} onChange={(event) => onChange(event.target.checked ? [...chosen, name] : chosen.filter((it) => it !== name))} />
        ))}
      </div>
    </fieldset>
  );
}
