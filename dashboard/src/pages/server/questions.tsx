// What is asked before a server is removed, or signed out of.

import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { signOut } from '../../api/calls';
import { useNews, useRemoveServer } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { Confirm } from '../../ui/dialog';

interface Props {
  server: Server;
  open: boolean;
  onClose: () => void;
}

export function RemoveServer({ server, open, onClose }: Props) {
  const { t } = useTranslation();
  const remove = useRemoveServer();
  const navigate = useNavigate();
  const yes = () => remove.mutate(server.name, { onSuccess: () => void navigate({ to: '/servers' }) });
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title={t('server.removeTitle', { name: server.name })}
      lead={t('server.removeLead')}
      word={t('server.remove')}
      busy={remove.isPending}
      error={remove.error}
      onYes={yes}
    />
  );
}

export function SignOut({ server, scope, open, onClose }: Props & { scope: 'tokens' | 'all' }) {
  const { t } = useTranslation();
  const news = useNews();
  const leave = useMutation({
    mutationFn: () => signOut(server.name, scope),
    onSuccess: () => {
      news.renew(server.name);
      onClose();
    },
  });
  return (
    <Confirm
      open={open}
      onClose={onClose}
      title={t('signOut.title', { name: server.name })}
      lead={t(scope === 'all' ? 'signOut.allLead' : 'signOut.tokensLead')}
      word={t(scope === 'all' ? 'signOut.all' : 'signOut.tokens')}
      busy={leave.isPending}
      error={leave.error}
      onYes={() => leave.mutate()}
    />
  );
}
