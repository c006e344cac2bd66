// One's own password, changed.

import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Refusal } from '../api/ask';
import { changeOwnPassword } from '../api/calls';
import { renewedLogin } from '../api/login';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { TextField } from '../ui/field';
import { Notice } from '../ui/notice';
import { RefusalNotice } from '../ui/refusal';

export function OwnPassword({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const [current, setCurrent] = useState('');
  const [fresh, setFresh] = useState('');
  const change = useMutation({ mutationFn: () => changeOwnPassword(current, fresh), onSuccess: (token) => token !== undefined && renewedLogin(token) });
  const wrong = change.error instanceof Refusal && change.error.status === 401;
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Dialog open onClose={onClose} title={t('password.title')}>
      {change.isSuccess ? (
        <Notice tone="good">{t('password.done')}</Notice>
      ) : (
        <form onSubmit={send} className="flex flex-col gap-4">
          <TextField label={t('password.current')} error={wrong ? t('password.wrong') : undefined} type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />
          <TextField label={t('password.new')} hint={t('users.passwordHint')} type="password" autoComplete="new-password" required minLength={8} value={fresh} onChange={(event) => setFresh(event.target.value)} />
          {!wrong && <RefusalNotice error={change.error} />}
          <div className="flex justify-end gap-2">
            <Button onClick={onClose}>{t('do.cancel')}</Button>
            <Button type="submit" look="act" busy={change.isPending}>
              {t('password.save')}
            </Button>
          </div>
        </form>
      )}
    </Dialog>
  );
}
