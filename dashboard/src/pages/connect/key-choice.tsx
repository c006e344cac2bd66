// With which key a client comes: none, one that is made for it here, or one that its person has.

import { Link } from '@tanstack/react-router';
import { KeyRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { createKey } from '../../api/calls';
import { useGroups, useKeys, useListChange, useUser } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { KeyWish } from '../../api/shape';
import { Button } from '../../ui/button';
import { Tick } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { RefusalNotice } from '../../ui/refusal';

export interface Chosen {
  /** Undefined: as the hub wants it. */
  wanted?: boolean;
  token?: string;
}

/**
 * `unwanted`: it goes without; `made`: the key is known; `none`: there is no key that could be written down; `unknown`: there are some,
 * and its person has one, or it is not known whether there are any.
 */
export type KeyState = 'unwanted' | 'made' | 'none' | 'unknown';

export function useKeyState(chosen: Chosen): KeyState {
  const isAdmin = useUser().data?.isAdmin ?? false;
  const all = useKeys(isAdmin);
  if (chosen.wanted !== true) return 'unwanted';
  if (chosen.token !== undefined) return 'made';
  return all.data?.every((key) => key.enabled === false) === true ? 'none' : 'unknown';
}

interface Props {
  client: string;
  endpoint: string;
  chosen: Chosen;
  state: KeyState;
  /** Whether the hub asks for a key; undefined while that is not known. */
  asks: boolean | undefined;
  onChange: (chosen: Chosen) => void;
}

export function KeyChoice({ client, endpoint, chosen, state, asks, onChange }: Props) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const hint = asks === undefined ? undefined : asks ? t('connect.asksForKey') : t('connect.asksForNone');
  return (
    <div className="flex flex-col gap-2">
      <Tick label={t('connect.withKey')} hint={hint} checked={chosen.wanted ?? false} onChange={(event) => onChange({ ...chosen, wanted: event.target.checked })} />
      {state === 'none' && (
        <Notice tone="warn" title={t('connect.noKey')}>
          <p>
            {asks === false && `${t('connect.firstKey')} `}
            <Link to="/keys" className="text-act underline underline-offset-2">
              {t('connect.toKeys')}
            </Link>
          </p>
        </Notice>
      )}
      {state !== 'unwanted' && isAdmin && <Make client={client} endpoint={endpoint} made={state === 'made'} onMade={(token) => onChange({ wanted: true, token })} />}
    </div>
  );
}

/** A key for what the client is connected to, and nothing else. */
function Make({ client, endpoint, made, onMade }: { client: string; endpoint: string; made: boolean; onMade: (token: string) => void }) {
  const { t } = useTranslation();
  const groups = useGroups();
  const make = useListChange(keys.bearerKeys, createKey);
  // A group and a server may have one name: which of the two is meant is known with the groups.
  const known = endpoint === '' || groups.data !== undefined;
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
      <Button icon={<KeyRound size={16} aria-hidden />} busy={make.isPending} disabled={!known} onClick={send} className="self-start">
        {t('connect.make')}
      </Button>
      <RefusalNotice error={make.error} />
      {!known && <RefusalNotice goesOn error={groups.error} again={() => void groups.refetch()} />}
    </>
  );
}

function wishFor(client: string, endpoint: string, isGroup: boolean): KeyWish {
  if (endpoint === '') return { name: client, accessType: 'all' };
  return isGroup ? { name: client, accessType: 'groups', allowedGroups: [endpoint] } : { name: client, accessType: 'servers', allowedServers: [endpoint] };
}
