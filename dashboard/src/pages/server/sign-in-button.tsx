// Opens the login server in a new window, by one click. Where there is no link yet, the window is opened at once, while the click still
// counts as a person's and no browser holds it back, and goes on to the link when the hub has made it.

import { useMutation } from '@tanstack/react-query';
import { ExternalLink, KeyRound } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { beginSignIn } from '../../api/calls';
import { useNews } from '../../api/hooks';
import type { Authorization, Server } from '../../api/shape';
import { Button, isWebAddress, looking } from '../../ui/button';

export function SignInButton({ server, small }: { server: Server; small?: boolean }) {
  const { t } = useTranslation();
  const news = useNews();
  const begin = useMutation<Authorization, Error, Window | null>({
    mutationFn: () => beginSignIn(server.name),
    onSuccess: ({ authorizationUrl }, window) => lead(window, authorizationUrl),
    onError: (_error, window) => window?.close(),
    onSettled: () => news.renew(server.name),
  });
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
      <Button look="act" small={small} busy={begin.isPending} icon={<KeyRound size={16} aria-hidden />} aria-label={label} onClick={() => begin.mutate(opened(t('signIn.opening', { name: server.name })))}>
        {t('signIn.open')}
        <ExternalLink size={14} aria-hidden />
      </Button>
      {begin.error !== null && (
        <span role="alert" className="max-w-60 text-[0.87rem] text-bad">
          {begin.error.message}
        </span>
      )}
    </span>
  );
}

/** A window that says what it waits for, and knows nothing of this one. None where the browser opens none: then the link stands here. */
function opened(words: string): Window | null {
  const window = globalThis.open('about:blank', '_blank');
  if (window === null) return null;
  window.opener = null;
  window.document.title = words;
  window.document.body.textContent = words;
  return window;
}

/** The link is a server's word: one that is no web address is followed by nobody. */
function lead(window: Window | null, link: string): void {
  if (isWebAddress(link)) window?.location.replace(link);
  else window?.close();
}

/** A link that ends in a moment is no use to anybody. */
function isFresh(end: string | undefined): boolean {
  return end === undefined || Date.parse(end) - Date.now() > 5_000;
}
