// With which key a client comes: none, one that is made for it here, or one that its person has.

import { KeyRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { createKey } from '../../api/calls';
import { useGroups, useListChange, useUser } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { KeyWish } from '../../api/shape';
import { Button } from '../../ui/button';
import { Tick } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';

export interface Chosen {
  wanted: boolean;
  token?: string;
}

export function KeyChoice({ client, endpoint, chosen, onChange }: { client: string; endpoint: string; chosen: Chosen; onChange: (chosen: Chosen) => void }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  return (
    <div className="flex flex-col gap-2">
      <Tick label={t('connect.withKey')} hint={t('connect.withKeyHint')} checked={chosen.wanted} onChange={(event) => onChange({ ...chosen, wanted: event.target.checked })} />
      {chosen.wanted && isAdmin && <Make client={client} endpoint={endpoint} made={chosen.token !== undefined} onMade={(token) => onChange({ wanted: true, token })} />}
    </div>
  );
}

/** A key for what the client is connected to, and nothing else. */
function Make({ client, endpoint, made, onMade }: { client: string; endpoint: string; made: boolean; onMade: (token: string) => void }) {
  const { t } = useTranslation();
  const groups = useGroups();
  const make = useListChange(keys.bearerKeys, createKey);
  const send = () => {
    const isGroup = groups.data?.some((group) => group.name === endpoint || group.id === endpoint) ?? false;
    make.mutate(wishFor(client, endpoint, isGroup), {
      onSuccess: (key) => onMade(key.token),
    });
  };
  if (made) {
    return (
      <p role="status" className="text-[0.9rem] text-good">
        {t('connect.made')}
      </p>
    );
  }
  return (
    <>
      <Button icon={<KeyRound size={16} aria-hidden />} busy={make.isPending} disabled={groups.isPending} onClick={send} className="self-start">
        {t('connect.make')}
      </Button>
      <RefusalNotice error={make.error ?? groups.error} />
    </>
  );
}

function wishFor(client: string, endpoint: string, isGroup: boolean): KeyWish {
  if (endpoint === '') return { name: client, accessType: 'all' };
  return isGroup ? { name: client, accessType: 'groups', allowedGroups: [endpoint] } : { name: client, accessType: 'servers', allowedServers: [endpoint] };
}
