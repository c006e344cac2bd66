// Opens the login server in a new window. The link is made when it is wanted, so that it is fresh.

import { useMutation } from '@tanstack/react-query';
import { ExternalLink, KeyRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { beginSignIn } from '../../api/calls';
import { useNews } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { Button, isWebAddress, looking } from '../../ui/button';

export function SignInButton({ server, small }: { server: Server; small?: boolean }) {
  const { t } = useTranslation();
  const news = useNews();
  const begin = useMutation({ mutationFn: () => beginSignIn(server.name), onSettled: () => news.renew(server.name) });
  const link = server.oauth.authorizationUrl;
  const label = t('signIn.openFor', { name: server.name });
  if (link !== undefined && isWebAddress(link) && isFresh(server.oauth.linkExpiresAt)) {
    return (
      <a href={link} target="_blank" rel="noopener noreferrer" aria-label={label} className={looking('act', small)}>
        <KeyRound size={16} aria-hidden />
        {t('signIn.open')}
        <ExternalLink size={14} aria-hidden />
      </a>
    );
  }
  return (
    <span className="inline-flex flex-col gap-1">
      <Button look="act" small={small} busy={begin.isPending} icon={<KeyRound size={16} aria-hidden />} aria-label={label} onClick={() => begin.mutate()}>
        {t('signIn.make')}
      </Button>
      {begin.error !== null && (
        <span role="alert" className="max-w-60 text-[0.87rem] text-bad">
          {begin.error.message}
        </span>
      )}
    </span>
  );
}

/** A link that ends in a moment is no use to anybody. */
function isFresh(end: string | undefined): boolean {
  return end === undefined || Date.parse(end) - Date.now() > 5_000;
}
