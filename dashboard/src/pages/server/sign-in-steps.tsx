// The sign-in as a person makes it: open the link, or type the code; and where the browser cannot come back, paste its address.

import { useMutation } from '@tanstack/react-query';
import { MonitorSmartphone } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { beginSignIn, completeSignIn } from '../../api/calls';
import { useNews } from '../../api/hooks';
import type { Server } from '../../api/shape';
import { Button, isWebAddress, OutLink } from '../../ui/button';
import { CopyButton, CopyLine } from '../../ui/copy';
import { TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';
import { clock } from '../../words/time';
import { SignInButton } from './sign-in-button';

export function SignInSteps({ server }: { server: Server }) {
  const { t, i18n } = useTranslation();
  const { authorizationUrl, linkExpiresAt, userCode, verificationUri, scopes, issuer, redirectUri, pasteBack } = server.oauth;
  const { waitingCalls } = server;
  const host = hostOf(authorizationUrl) ?? issuer;
  return (
    <div className="mt-2 flex flex-col gap-3">
      {(waitingCalls ?? 0) > 0 && <p className="font-medium">{t('signIn.waiting', { count: waitingCalls })}</p>}
      {host !== undefined && <p className="text-soft">{t('signIn.at', { host })}</p>}
      {userCode !== undefined && <Code code={userCode} at={verificationUri ?? authorizationUrl} />}
      {authorizationUrl !== undefined && !isWebAddress(authorizationUrl) && (
        <>
          <p className="text-bad">{t('signIn.noWebAddress')}</p>
          <CopyLine text={authorizationUrl} />
        </>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <SignInButton server={server} />
        {authorizationUrl !== undefined && <CopyButton text={authorizationUrl} label={t('signIn.copyLink')} small={false} />}
        {authorizationUrl !== undefined && <Elsewhere server={server} />}
        {authorizationUrl !== undefined && linkExpiresAt !== undefined && <span className="text-[0.87rem] text-soft">{t('signIn.until', { time: clock(linkExpiresAt, i18n.language) })}</span>}
      </div>
      {(scopes?.length ?? 0) > 0 && <p className="text-[0.87rem] text-soft">{t('signIn.scopes', { scopes: scopes?.join(' ') })}</p>}
      {userCode === undefined && authorizationUrl !== undefined && <PasteBack server={server} open={pasteBack === true} callback={redirectUri} />}
    </div>
  );
}

/** The hub's own page in front of the link, short enough to be typed on a machine that has the browser. */
function Elsewhere({ server }: { server: Server }) {
  const { t } = useTranslation();
  const news = useNews();
  const make = useMutation({ mutationFn: () => beginSignIn(server.name), onSettled: () => news.renew(server.name) });
  if (make.data === undefined) {
    return (
      <>
        <Button look="quiet" icon={<MonitorSmartphone size={15} aria-hidden />} busy={make.isPending} onClick={() => make.mutate()}>
          {t('signIn.elsewhere')}
        </Button>
        <RefusalNotice error={make.error} />
      </>
    );
  }
  return (
    <div role="status" className="order-last flex basis-full flex-col gap-1">
      <p>{t('signIn.elsewhereLead')}</p>
      <CopyLine text={make.data.shortUrl} />
    </div>
  );
}

function Code({ code, at }: { code: string; at: string | undefined }) {
  const { t } = useTranslation();
  return (
    <div className="flex flex-wrap items-center gap-3">
      <span className="text-soft">{t('signIn.code')}</span>
      <code className="font-mono text-[1.3rem] font-semibold tracking-widest select-all">{code}</code>
      <CopyButton text={code} />
      {at !== undefined && (
        <span>
          <OutLink href={at}>{at}</OutLink>
        </span>
      )}
    </div>
  );
}

function PasteBack({ server, open, callback }: { server: Server; open: boolean; callback: string | undefined }) {
  const { t } = useTranslation();
  const news = useNews();
  const [pasted, setPasted] = useState('');
  const complete = useMutation({
    mutationFn: () => completeSignIn(server.name, pasted.trim()),
    onSuccess: () => {
      setPasted('');
      news.renew(server.name);
    },
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    complete.mutate();
  };
  return (
    <details open={open || undefined}>
      <summary className="text-act">{t('signIn.paste')}</summary>
      <form onSubmit={send} className="mt-2 flex flex-col gap-2">
        <TextField
          label={t('signIn.pasteLabel')}
          hint={t('signIn.pasteHint')}
          mono
          required
          autoComplete="off"
          value={pasted}
          placeholder={`${callback ?? '…/oauth/callback'}?code=…&state=…`}
          onChange={(event) => setPasted(event.target.value)}
        />
        <RefusalNotice error={complete.error} />
        <Button type="submit" look="plain" busy={complete.isPending} disabled={pasted.trim() === ''} className="self-start">
          {t('signIn.pasteSend')}
        </Button>
      </form>
    </details>
  );
}

function hostOf(address: string | undefined): string | undefined {
  if (address === undefined || !isWebAddress(address)) return undefined;
  return new URL(address).host;
}
