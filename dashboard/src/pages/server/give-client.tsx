// For a login server that registers nobody: where to make a client, with which callback address, and its id and secret.

import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangeServer } from '../../api/hooks';
import type { JsonMap, Server } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { Button, OutLink } from '../../ui/button';
import { CopyLine } from '../../ui/copy';
import { TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';

export function GiveClient({ server }: { server: Server }) {
  const { t } = useTranslation();
  const change = useChangeServer(server.name);
  const known = isMap(server.config?.['oauth']) ? server.config['oauth'] : {};
  const [id, setId] = useState(typeof known['clientId'] === 'string' ? known['clientId'] : '');
  const [secret, setSecret] = useState('');
  const { consoleUrl, redirectUri, profile } = server.oauth;
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate({ config: withClient(server.config ?? {}, id.trim(), secret.trim()) });
  };
  return (
    <div className="mt-3 flex flex-col gap-4">
      <ol className="m-0 flex list-decimal flex-col gap-3 pl-5">
        <li>
          {consoleUrl === undefined ? (
            t('client.make')
          ) : (
            <>
              {t('client.makeAt')} <OutLink href={consoleUrl}>{consoleUrl}</OutLink>
            </>
          )}
          {profile?.map((line) => (
            <p key={line} className="text-[0.87rem] text-soft">
              {line}
            </p>
          ))}
        </li>
        {redirectUri !== undefined && (
          <li>
            <p className="mb-1">{t('client.callback')}</p>
            <CopyLine text={redirectUri} />
          </li>
        )}
        <li>
          <form onSubmit={send} className="flex flex-col gap-3">
            <span>{t('client.enter')}</span>
            <div className="grid gap-3 sm:grid-cols-2">
              <TextField label={t('client.id')} mono required autoComplete="off" value={id} onChange={(event) => setId(event.target.value)} />
              <TextField label={t('client.secret')} hint={t('client.secretHint')} type="password" mono autoComplete="off" value={secret} onChange={(event) => setSecret(event.target.value)} />
            </div>
            <RefusalNotice error={change.error} />
            <Button type="submit" look="act" busy={change.isPending} disabled={id.trim() === ''} className="self-start">
              {t('client.save')}
            </Button>
          </form>
        </li>
      </ol>
    </div>
  );
}

/** What else stands under `oauth` stays. */
export function withClient(config: JsonMap, id: string, secret: string): JsonMap {
  const known = isMap(config['oauth']) ? config['oauth'] : {};
  return { ...config, oauth: { ...known, clientId: id, ...(secret === '' ? {} : { clientSecret: secret }) } };
}
