// Lets a client use the hub: what to write into its configuration, ready to copy.

import { KeyRound } from 'lucide-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { pageFolder } from '../../api/ask';
import { useDoor, useGroups, useServers, useUser } from '../../api/hooks';
import { CopyBlock, CopyLine } from '../../ui/copy';
import { Select } from '../../ui/field';
import { Empty, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import { Tabs } from '../../ui/tabs';
import { command, quoted } from '../../words/shell';
import { CLIENTS, entryOf, fileOf, systemOf, TITLES, written, type Client, type System } from './clients';
import { Connected } from './connected';
import { KeyChoice, useKeyState, type Chosen } from './key-choice';
import { Programs } from './programs';

/** In the place of a key that was not made here. */
const STAND_IN = '<your key>';

export function ConnectClients() {
  const { t } = useTranslation();
  const search = useSearch({ from: '/connect' });
  const navigate = useNavigate({ from: '/connect' });
  const isAdmin = useUser().data?.isAdmin ?? false;
  const client = CLIENTS.find((it) => it === search.client) ?? 'claude-code';
  const endpoint = search.endpoint ?? '';
  const go = (change: { client?: string; endpoint?: string }) => void navigate({ search: (before) => ({ ...before, ...change }), replace: true, resetScroll: false });
  const line = command('connect', client, ...(endpoint === '' ? [] : ['--endpoint', quoted(endpoint)]));
  return (
    <Page title={t('connect.title')} lead={t('connect.lead')} commands={[line, `${line} --print`, ...(isAdmin ? [command('clients', 'list'), command('clients', 'remove', '<id>')] : [])]}>
      <Tabs<Client> tabs={CLIENTS.map((key) => ({ key, label: TITLES[key] }))} at={client} onChange={(client) => go({ client })} label={t('connect.client')}>
        <Ready key={`${client} ${endpoint}`} client={client} endpoint={endpoint} onEndpoint={(endpoint) => go({ endpoint: endpoint === '' ? undefined : endpoint })} />
      </Tabs>
      {isAdmin && <Connected />}
      {isAdmin && <Programs />}
    </Page>
  );
}

function Ready({ client, endpoint, onEndpoint }: { client: Client; endpoint: string; onEndpoint: (endpoint: string) => void }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const [system, setSystem] = useState<System>(() => systemOf(navigator.userAgent));
  const [chosen, setChosen] = useState<Chosen>({});
  const door = useDoor();
  const asks = door.data?.asksForKey;
  // Only a hub that asks for a key is given one, unless somebody wants it otherwise.
  const key: Chosen = { ...chosen, wanted: chosen.wanted ?? asks };
  const state = useKeyState(key);
  const url = `${pageFolder()}mcp${endpoint === '' ? '' : `/${endpoint.split('/').map(encodeURIComponent).join('/')}`}`;
  const shown = key.wanted ? (key.token ?? STAND_IN) : undefined;
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <div className="card flex flex-col gap-4 p-4">
        <Endpoints value={endpoint} isAdmin={isAdmin} onChange={onEndpoint} />
        <div>
          <p className="mb-1 font-medium">{t('connect.address')}</p>
          <CopyLine text={url} />
        </div>
        <KeyChoice client={TITLES[client]} endpoint={endpoint} chosen={key} state={state} asks={asks} onChange={setChosen} />
        <RefusalNotice goesOn error={door.error} again={() => void door.refetch()} />
        <Select label={t('connect.system')} value={system} onChange={(event) => setSystem(event.target.value as System)}>
          <option value="linux">Linux</option>
          <option value="mac">macOS</option>
          <option value="windows">Windows</option>
        </Select>
      </div>
      <div className="flex flex-col gap-3">
        {state === 'none' ? (
          <Empty icon={<KeyRound size={28} />} title={t('connect.afterKey')} />
        ) : (
          <>
            {state === 'unknown' && <p>{t(isAdmin ? 'connect.standIn' : 'connect.askForKey', { standIn: STAND_IN })}</p>}
            <CopyBlock label={fileOf(client, system)} text={written(client, 'mcphub', entryOf(client, url, shown))} />
          </>
        )}
        <p className="text-soft">{t(`connect.advice.${client}`)}</p>
      </div>
    </div>
  );
}

function Endpoints({ value, isAdmin, onChange }: { value: string; isAdmin: boolean; onChange: (endpoint: string) => void }) {
  const { t } = useTranslation();
  const servers = useServers().data?.data ?? [];
  return (
    <Select label={t('connect.what')} hint={t('connect.whatHint')} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{t('connect.everything')}</option>
      {isAdmin && <GroupOptions />}
      {servers.length > 0 && (
        <optgroup label={t('connect.oneServer')}>
          {servers.map((server) => (
            <option key={server.name} value={server.name}>
              {server.name}
            </option>
          ))}
        </optgroup>
      )}
    </Select>
  );
}

function GroupOptions() {
  const { t } = useTranslation();
  const groups = useGroups().data ?? [];
  if (groups.length === 0) return null;
  return (
    <optgroup label={t('connect.oneGroup')}>
      {groups.map((group) => (
        <option key={group.name} value={group.name}>
          {group.name}
        </option>
      ))}
    </optgroup>
  );
}
