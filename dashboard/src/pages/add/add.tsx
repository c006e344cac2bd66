// Adds a server: by its address, a command, or pasted JSON; and then shows how it goes.

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Page } from '../../ui/page';
import { Panel, Tabs } from '../../ui/tabs';
import { command } from '../../words/shell';
import { AddressForm, CommandForm } from './forms';
import { JsonForm } from './json-form';
import { Live } from './live';

type Way = 'address' | 'command' | 'json';

export function AddServer() {
  const { t } = useTranslation();
  const [way, setWay] = useState<Way>('address');
  const [added, setAdded] = useState<string[]>([]);
  if (added.length > 0) {
    return (
      <Page title={t('add.title')} commands={added.map((name) => command('auth', 'log', name))}>
        {added.map((name) => (
          <Live key={name} name={name} alone={added.length === 1} onMore={() => setAdded([])} onRemoved={(gone) => setAdded(added.filter((it) => it !== gone))} />
        ))}
      </Page>
    );
  }
  const tabs = (['address', 'command', 'json'] as const).map((key) => ({ key, label: t(`add.way.${key}`) }));
  return (
    <Page title={t('add.title')} commands={[command('add', 'https://mcp.linear.app/mcp'), command('import')]}>
      <div className="card max-w-3xl p-4 sm:p-5">
        <Tabs tabs={tabs} at={way} onChange={setWay} label={t('add.title')}>
          <Panel shown={way === 'address'}>
            <AddressForm onAdded={(name) => setAdded([name])} />
          </Panel>
          <Panel shown={way === 'command'}>
            <CommandForm onAdded={(name) => setAdded([name])} />
          </Panel>
          <Panel shown={way === 'json'}>
            <JsonForm onAdded={setAdded} />
          </Panel>
        </Tabs>
      </div>
    </Page>
  );
}
