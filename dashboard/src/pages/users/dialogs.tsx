// A new user, and a new password for one.

import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
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
  const make = useListChange(keys.users, createUser);
  const send = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ ...user, username: user.username.trim() }, { onSuccess: onClose });
  };
  return (
    <Dialog open onClose={onClose} title={t('users.add')}>
      <form onSubmit={send} className="flex flex-col gap-4">
        <TextField label={t('users.name')} mono required autoComplete="off" value={user.username} onChange={(event) => setUser({ ...user, username: event.target.value })} />
        <TextField label={t('users.password')} hint={t('users.passwordHint')} type="password" autoComplete="new-password" required minLength={8} value={user.password} onChange={(event) => setUser({ ...user, password: event.target.value })} />
        <Tick label={t('users.admin')} hint={t('users.adminHint')} checked={user.isAdmin} onChange={(event) => setUser({ ...user, isAdmin: event.target.checked })} />
        <RefusalNotice error={make.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t('do.cancel')}</Button>
          <Button type="submit" look="act" busy={make.isPending} disabled={user.username.trim() === ''}>
            {t('users.add')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
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
