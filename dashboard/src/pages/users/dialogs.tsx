// A new user, and a new password for one.

import type { TFunction } from 'i18next';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Refusal } from '../../api/ask';
import { changeUser, createUser } from '../../api/calls';
import { useListChange } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { User } from '../../api/shape';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { TextField, Tick } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';

export function MakeUser({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [user, setUser] = useState({ username: '', password: '', isAdmin: false });
  // Whether what stands under the name is his: for the name at which the hub asked, and for no other.
  const [same, setSame] = useState(false);
  const make = useListChange(keys.users, createUser);
  const username = user.username.trim();
  const left = leftIn(make.error, t);
  const asked = make.variables?.username === username && left !== undefined;
  const rename = (username: string) => {
    setUser({ ...user, username });
    setSame(false);
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ ...user, username, ...(same && { takeOver: true }) }, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={t('users.add')}>
      <form onSubmit={send} className="flex flex-col gap-4">
        <TextField label={t('users.name')} mono required autoComplete="off" value={user.username} onChange={(event) => rename(event.target.value)} />
        <TextField label={t('users.password')} hint={t('users.passwordHint')} type="password" autoComplete="new-password" required minLength={8} value={user.password} onChange={(event) => setUser({ ...user, password: event.target.value })} />
        <Tick label={t('users.admin')} hint={t('users.adminHint')} checked={user.isAdmin} onChange={(event) => setUser({ ...user, isAdmin: event.target.checked })} />
        {(asked || left === undefined) && <RefusalNotice error={make.error} instead={left} />}
        {(asked || same) && <Tick label={t('users.same')} checked={same} onChange={(event) => setSame(event.target.checked)} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('do.cancel')}</Button>
          <Button type="submit" look="act" busy={make.isPending} disabled={username === ''}>
            {t('users.add')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

const LEFT = ['key', 'token', 'server', 'group'] as const;

/** The hub knows the name from its settings, and makes him once it is said that he is the one: no other refusal is cured by that. Its own words say how a program says so. */
function leftIn(error: unknown, t: TFunction): string | undefined {
  if (!(error instanceof Refusal) || error.code !== 'name_left') return undefined;
  const kind = LEFT.find((kind) => kind === error.text('leftBy')) ?? 'else';
  return `${t(`users.leftBy.${kind}`, { name: error.text('leftAt') })} ${t('users.left')}`;
}

export function NewPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const { t } = useTranslation();
  const [password, setPassword] = useState('');
  const change = useListChange(keys.users, (newPassword: string) => changeUser(user.username, { newPassword }));
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(password, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={t('users.newPasswordOf', { name: user.username })}>
      <form onSubmit={send} className="flex flex-col gap-4">
        <TextField label={t('users.newPassword')} hint={t('users.passwordHint')} type="password" autoComplete="new-password" required minLength={8} value={password} onChange={(event) => setPassword(event.target.value)} />
        <RefusalNotice error={change.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('do.cancel')}</Button>
          <Button type="submit" look="act" busy={change.isPending}>
            {t('do.save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
