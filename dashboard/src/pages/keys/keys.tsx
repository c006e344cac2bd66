// The bearer keys that clients send. A key is shown once, to whoever makes it.

import { KeySquare, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { changeKey, removeKey } from '../../api/calls';
import { useKeys, useListChange, useUsers } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { Key } from '../../api/shape';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Answer, Empty, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { Switch } from '../../ui/switch';
import { listed } from '../../words/join';
import { command } from '../../words/shell';
import { MakeKey } from './make';

export function Keys() {
  const { t } = useTranslation();
  const all = useKeys();
  const [making, setMaking] = useState(false);
  const [doomed, setDoomed] = useState<Key>();
  const remove = useListChange(keys.bearerKeys, removeKey);
  const add = (
    <Button look="act" icon={<Plus size={17} aria-hidden />} onClick={() => setMaking(true)}>
      {t('keys.add')}
    </Button>
  );
  return (
    <Page title={t('keys.title')} lead={t('keys.lead')} actions={add} commands={[command('keys', 'list'), command('keys', 'create', '<name>')]}>
      <Answer of={all}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={<KeySquare size={28} />} title={t('keys.none')}>
              <p>{t('keys.noneLead')}</p>
            </Empty>
          ) : (
            <ul className="card m-0 list-none divide-y divide-line p-0">
              {all.map((key) => (
                <Row key={key.id ?? key.token} held={key} onRemove={() => setDoomed(key)} />
              ))}
            </ul>
          )
        }
      </Answer>
      {making && <MakeKey onClose={() => setMaking(false)} />}
      <Confirm
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={t('keys.removeTitle', { name: doomed?.name ?? '' })}
        lead={t('keys.removeLead')}
        word={t('keys.remove')}
        busy={remove.isPending}
        error={remove.error}
        onYes={() => doomed?.id !== undefined && remove.mutate(doomed.id, { onSuccess: () => setDoomed(undefined) })}
      />
    </Page>
  );
}

function Row({ held, onRemove }: { held: Key; onRemove: () => void }) {
  const { t } = useTranslation();
  const change = useListChange(keys.bearerKeys, (enabled: boolean) => changeKey(held.id ?? '', { enabled }));
  const on = held.enabled ?? true;
  const name = held.name ?? held.token;
  return (
    <li className="row-lazy px-4 py-3">
      <div className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-1 md:grid-cols-[minmax(0,14rem)_minmax(0,1fr)_auto]">
        <div className="min-w-0">
          <p className="font-semibold [overflow-wrap:anywhere]">{name}</p>
          <p className="prose-code text-soft">{held.token}</p>
        </div>
        <p className="order-last col-span-2 text-soft [overflow-wrap:anywhere] md:order-none md:col-span-1">
          <Reach held={held} />
          {!on && <span className="ml-2 text-[0.87rem]">({t('item.off')})</span>}
        </p>
        {/* One that was written by hand without an id is changed where it was written. */}
        <div className={held.id === undefined ? 'hidden' : 'flex items-center gap-2'}>
          <Switch on={on} disabled={change.isPending} label={t(on ? 'keys.switchOff' : 'keys.switchOn', { name })} onChange={(enabled) => change.mutate(enabled)} />
          <IconButton small label={t('keys.removeNamed', { name })} onClick={onRemove}>
            <Trash2 size={16} aria-hidden />
          </IconButton>
        </div>
      </div>
      <RefusalNotice error={change.error} />
    </li>
  );
}

function Reach({ held }: { held: Key }) {
  const { t } = useTranslation();
  const users = useUsers(held.kind === 'user').data;
  if (held.kind === 'user') {
    const isUser = users?.some((user) => user.username === held.owner) ?? true;
    return t(isUser ? 'keys.ofUser' : 'keys.ofNobody', { name: held.owner });
  }
  const names = listed(t, [...(held.allowedGroups ?? []), ...(held.allowedServers ?? [])]);
  if (held.accessType === 'all') return t('keys.opensAll');
  return names === '' ? t('keys.opensNothing') : t('keys.opens', { names });
}
