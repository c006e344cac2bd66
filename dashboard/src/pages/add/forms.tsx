// The forms for an address and for a command.

import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useAdd, useServers } from '../../api/hooks';
import { Button, isWebAddress } from '../../ui/button';
import { TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';
import { freeName, nameOf, nameOfCommand } from './name';
import { Pairs } from './pairs';
import { ofAddress, ofCommand, split, type Named, type Pair } from './wish';

function Form({ wish, ready, onAdded, children }: { wish: () => Named; ready: boolean; onAdded: (name: string) => void; children: ReactNode }) {
  const { t } = useTranslation();
  const add = useAdd();
  const send = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(wish(), { onSuccess: (server) => onAdded(server.name) });
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-4">
      {children}
      <RefusalNotice error={add.error} />
      <Button type="submit" look="act" busy={add.isPending} disabled={!ready} className="self-start">
        {t('servers.add')}
      </Button>
    </form>
  );
}

function NameField({ name, wanted, onChange }: { name: string; wanted: string; onChange: (name: string) => void }) {
  const { t } = useTranslation();
  return <TextField label={t('add.name')} hint={t('add.nameHint')} mono autoComplete="off" value={name} placeholder={wanted} onChange={(event) => onChange(event.target.value)} className="max-w-md" />;
}

export function AddressForm({ onAdded }: { onAdded: (name: string) => void }) {
  const { t } = useTranslation();
  const known = useServers().data?.data.map((server) => server.name) ?? [];
  const [url, setUrl] = useState('');
  const [name, setName] = useState('');
  const [headers, setHeaders] = useState<Pair[]>([]);
  const [client, setClient] = useState({ id: '', secret: '' });
  const wanted = freeName(nameOf(url.trim()) ?? 'server', known);
  const ready = isWebAddress(url.trim());
  return (
    <Form wish={() => ({ name: name.trim() || wanted, config: ofAddress(url, headers, client) })} ready={ready} onAdded={onAdded}>
      <TextField
        label={t('add.url')}
        hint={t('add.urlHint')}
        error={url.trim() !== '' && !ready && url.length > 8 ? t('add.noUrl') : undefined}
        type="url"
        inputMode="url"
        mono
        required
        autoFocus
        autoComplete="off"
        placeholder="https://mcp.linear.app/mcp"
        value={url}
        onChange={(event) => setUrl(event.target.value)}
      />
      <NameField name={name} wanted={wanted} onChange={setName} />
      <details>
        <summary className="text-act">{t('add.more')}</summary>
        <div className="mt-3 flex flex-col gap-4">
          <Pairs label={t('add.headers')} hint={t('add.variableHint')} add={t('add.header')} pairs={headers} onChange={setHeaders} />
          <div className="grid gap-3 sm:grid-cols-2">
            <TextField label={t('client.id')} hint={t('add.clientHint')} mono autoComplete="off" value={client.id} onChange={(event) => setClient({ ...client, id: event.target.value })} />
            <TextField label={t('client.secret')} hint={t('client.secretHint')} type="password" mono autoComplete="off" value={client.secret} onChange={(event) => setClient({ ...client, secret: event.target.value })} />
          </div>
        </div>
      </details>
    </Form>
  );
}

export function CommandForm({ onAdded }: { onAdded: (name: string) => void }) {
  const { t } = useTranslation();
  const known = useServers().data?.data.map((server) => server.name) ?? [];
  const [line, setLine] = useState('');
  const [name, setName] = useState('');
  const [env, setEnv] = useState<Pair[]>([]);
  const wanted = freeName(nameOfCommand(split(line)) ?? 'server', known);
  return (
    <Form wish={() => ({ name: name.trim() || wanted, config: ofCommand(line, env) })} ready={line.trim() !== ''} onAdded={onAdded}>
      <TextField label={t('add.command')} hint={t('add.commandHint')} mono required autoFocus autoComplete="off" placeholder="npx -y @modelcontextprotocol/server-memory" value={line} onChange={(event) => setLine(event.target.value)} />
      <NameField name={name} wanted={wanted} onChange={setName} />
      <Pairs label={t('add.env')} hint={t('add.variableHint')} add={t('add.variable')} pairs={env} onChange={setEnv} />
    </Form>
  );
}
