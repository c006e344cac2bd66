// One server: how it stands and what helps, its sign-in, what it offers, and its settings.

import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { LogOut, RefreshCw, Stethoscope, Trash2, UserX } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useReload, useServer, useServers, useSwitch, useUser, useUsers } from '../../api/hooks';
import type { JsonMap, Server } from '../../api/shape';
import { hasJournal } from '../../journal/journals';
import { isShared, sharingOf, UNSAID } from '../../sharing/sharing';
import { forWhom } from '../../sharing/who';
import { looking } from '../../ui/button';
import { Answer, Empty, Page } from '../../ui/page';
import { Menu, type Choice } from '../../ui/menu';
import { RefusalNotice } from '../../ui/refusal';
import { StateTag } from '../../ui/state';
import { Switch } from '../../ui/switch';
import { Panel, Tabs, type Tab } from '../../ui/tabs';
import { command, quoted } from '../../words/shell';
import { urgency } from '../../words/standing';
import { transportOf } from '../servers/row';
import { Prompts } from './prompts';
import { Resources } from './resources';
import { ServerSettings } from './settings';
import { SignInTab } from './sign-in-tab';
import { Standing } from './standing';
import { RemoveServer, SignOut } from './questions';
import { Tools } from './tools';

type Key = 'signIn' | 'tools' | 'prompts' | 'resources' | 'settings';

export function ServerPage() {
  const { name } = useSearch({ from: '/server' });
  const servers = useServers();
  const server = useServer(name);
  const { t } = useTranslation();
  return server ? (
    <Known key={name} server={server} />
  ) : (
    <Page title={name} commands={[command('servers')]}>
      <Answer of={servers}>{() => <Empty title={t('server.unknown', { name })} />}</Answer>
    </Page>
  );
}

function Known({ server }: { server: Server }) {
  const { t } = useTranslation();
  const { tab } = useSearch({ from: '/server' });
  const navigate = useNavigate({ from: '/server' });
  const tabs: Tab<Key>[] = [
    ...(hasJournal(server) ? [{ key: 'signIn', label: t('server.signIn') } as const] : []),
    { key: 'tools', label: t('item.tools'), count: server.tools.length },
    { key: 'prompts', label: t('item.prompts'), count: server.prompts.length },
    { key: 'resources', label: t('item.resources'), count: server.resources.length },
    ...(server.config === undefined ? [] : [{ key: 'settings', label: t('server.settings') } as const]),
  ];
  const first: Key = hasJournal(server) && (urgency(server) > 0 || server.tools.length === 0) ? 'signIn' : 'tools';
  // Nobody's page changes under his eyes: the sign-in that he watches stays when it is through.
  const [begun] = useState(first);
  const at = tabs.find((it) => it.key === tab)?.key ?? tabs.find((it) => it.key === begun)?.key ?? 'tools';
  const address = addressOf(server.config ?? {});
  const sharing = sharingOf(server.config ?? {}, UNSAID.server);
  const isAdmin = useUser().data?.isAdmin ?? false;
  const users = useUsers(isAdmin && isShared(sharing)).data;
  const shared = isShared(sharing) && forWhom(t, sharing, users);
  const about = [server.transport ?? transportOf(server), server.protocolVersion && t('server.speaks', { revision: server.protocolVersion }), shared].filter(Boolean).join(' · ');
  return (
    <Page
      title={server.name}
      beside={<StateTag server={server} large />}
      lead={
        <>
          {address !== undefined && <span className="prose-code mr-3">{address}</span>}
          <span className="text-[0.9rem]">{about}</span>
        </>
      }
      actions={<Actions server={server} />}
      commands={commandsOf(at, server.name)}
    >
      <Standing server={server} />
      <Tabs tabs={tabs} at={at} label={t('server.parts')} onChange={(tab) => void navigate({ search: { name: server.name, tab } })}>
        {at === 'signIn' && <SignInTab server={server} />}
        {at === 'tools' && <Tools server={server} />}
        {at === 'prompts' && <Prompts server={server} />}
        {at === 'resources' && <Resources server={server} />}
        <Panel shown={at === 'settings'}>
          <ServerSettings server={server} />
        </Panel>
      </Tabs>
    </Page>
  );
}

/** Where it is, or how it is started. */
function addressOf({ url, command, args }: JsonMap): string | undefined {
  if (typeof url === 'string') return url;
  if (typeof command !== 'string') return undefined;
  return [command, ...(Array.isArray(args) ? args : [])].map((word) => quoted(String(word))).join(' ');
}

function commandsOf(at: Key, name: string): string[] {
  const it = quoted(name);
  switch (at) {
    case 'signIn':
      return [command('auth', 'login', it), command('auth', 'log', it), command('doctor', it)];
    case 'tools':
      return [command('tools', 'list', '--server', it), command('call', it, '<tool>', 'key=value')];
    case 'prompts':
    case 'resources':
    case 'settings':
      return [command('servers', 'get', it), command('servers', 'reload', it)];
  }
}

function Actions({ server }: { server: Server }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const reload = useReload();
  const toggle = useSwitch();
  const [asked, setAsked] = useState<'remove' | 'tokens' | 'all'>();
  const close = () => setAsked(undefined);
  if (!isAdmin) return null;
  const choices: Choice[] = [{ label: t('server.reload'), icon: <RefreshCw size={16} aria-hidden />, onChoose: () => reload.mutate(server.name) }];
  if (server.oauth.connected) choices.push({ label: t('signOut.tokens'), icon: <LogOut size={16} aria-hidden />, onChoose: () => setAsked('tokens') });
  if (server.oauth.connected || server.oauth.clientIdConfigured) choices.push({ label: t('signOut.all'), icon: <UserX size={16} aria-hidden />, onChoose: () => setAsked('all') });
  choices.push({ label: t('server.remove'), icon: <Trash2 size={16} aria-hidden />, danger: true, onChoose: () => setAsked('remove') });
  const error = reload.error ?? toggle.error;
  return (
    <>
      {hasJournal(server) && (
        <Link to="/doctor" search={{ server: server.name }} className={looking('plain')}>
          <Stethoscope size={16} aria-hidden />
          {t('server.examine')}
        </Link>
      )}
      <Switch
        on={server.enabled}
        disabled={toggle.isPending}
        label={t(server.enabled ? 'servers.switchOff' : 'servers.switchOn', { name: server.name })}
        onChange={(enabled) => toggle.mutate({ name: server.name, enabled })}
      />
      <Menu label={t('do.more')} choices={choices} />
      {error !== null && <RefusalNotice error={error} />}
      <RemoveServer server={server} open={asked === 'remove'} onClose={close} />
      <SignOut server={server} scope={asked === 'all' ? 'all' : 'tokens'} open={asked === 'tokens' || asked === 'all'} onClose={close} />
    </>
  );
}
