// Who may log in.

import { KeyRound, Plus, Trash2, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import { changeUser, removeUser } from '../../api/calls';
import { useListChange, useUser, useUsers } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { User } from '../../api/shape';
import { Button, IconButton } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Answer, Empty, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { Switch } from '../../ui/switch';
import { MakeUser, NewPassword } from './dialogs';

export function Users() {
  const { t } = useTranslation();
  const users = useUsers();
  const you = useUser().data?.username;
  const [making, setMaking] = useState(false);
  const [renewed, setRenewed] = useState<User>();
  const [doomed, setDoomed] = useState<User>();
  const remove = useListChange(keys.users, removeUser);
  const add = (
    <Button look="act" icon={<Plus size={17} aria-hidden />} onClick={() => setMaking(true)}>
      {t('users.add')}
    </Button>
  );
  return (
    <Page title={t('users.title')} lead={t('users.lead')} actions={add} commands={[`curl -H "x-auth-token: $MCPHUB_TOKEN" ${pageFolder()}api/users`]}>
      <Answer of={users}>
        {(users) =>
          users.length === 0 && !isElsewhere(users, you) ? (
            <Empty icon={<UsersRound size={28} />} title={t('users.none')} />
          ) : (
            <ul className="card m-0 list-none divide-y divide-line p-0">
              {isElsewhere(users, you) && (
                <li className="px-4 py-3">
                  <p className="font-semibold [overflow-wrap:anywhere]">
                    {you} <span className="font-normal text-soft">({t('users.you')})</span>
                  </p>
                  <p className="text-[0.87rem] text-soft">{t('users.elsewhere')}</p>
                </li>
              )}
              {users.map((user) => (
                <Row key={user.username} user={user} onPassword={() => setRenewed(user)} onRemove={() => setDoomed(user)} />
              ))}
            </ul>
          )
        }
      </Answer>
      {making && <MakeUser onClose={() => setMaking(false)} />}
      {renewed !== undefined && <NewPassword user={renewed} onClose={() => setRenewed(undefined)} />}
      <Confirm
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={t('users.removeTitle', { name: doomed?.username ?? '' })}
        lead={t('users.removeLead')}
        word={t('users.remove')}
        busy={remove.isPending}
        error={remove.error}
        onYes={() => doomed && remove.mutate(doomed.username, { onSuccess: () => setDoomed(undefined) })}
      />
    </Page>
  );
}

/** Who looks at the page is let in by something else than the list. */
function isElsewhere(users: User[], you: string | undefined): boolean {
  return you !== undefined && !users.some((user) => user.username === you);
}

function Row({ user, onPassword, onRemove }: { user: User; onPassword: () => void; onRemove: () => void }) {
  const { t } = useTranslation();
  const you = useUser().data?.username === user.username;
  const change = useListChange(keys.users, (isAdmin: boolean) => changeUser(user.username, { isAdmin }));
  return (
    <li className="row-lazy px-4 py-3">
      <div className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          <p className="font-semibold [overflow-wrap:anywhere]">
            {user.username} {you && <span className="font-normal text-soft">({t('users.you')})</span>}
          </p>
          <p className="text-[0.87rem] text-soft">{[t(user.isAdmin ? 'users.admin' : 'users.user'), user.email].filter(Boolean).join(' · ')}</p>
        </div>
        <div className="flex items-center gap-2">
          <span aria-hidden className="text-[0.87rem] text-soft">
            {t('users.admin')}
          </span>
          <Switch on={user.isAdmin} disabled={change.isPending || you} label={t(user.isAdmin ? 'users.makeUser' : 'users.makeAdmin', { name: user.username })} onChange={(isAdmin) => change.mutate(isAdmin)} />
          <IconButton small label={t('users.newPasswordOf', { name: user.username })} onClick={onPassword}>
            <KeyRound size={16} aria-hidden />
          </IconButton>
          <IconButton small label={t('users.removeNamed', { name: user.username })} disabled={you} onClick={onRemove}>
            <Trash2 size={16} aria-hidden />
          </IconButton>
        </div>
      </div>
      <RefusalNotice error={change.error} />
    </li>
  );
}
