// What the hub itself does: the settings that people change, and all of them as JSON.

import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSettings } from '../../api/hooks';
import { Answer, Page } from '../../ui/page';
import { Panel, Tabs } from '../../ui/tabs';
import { command } from '../../words/shell';
import { ExportButton, ExportRefused, useExport } from './export';
import { Usual } from './usual';
import { Whole } from './whole';

export function Settings() {
  const { t } = useTranslation();
  const settings = useSettings();
  const taken = useExport();
  const [way, setWay] = useState<'form' | 'json'>('form');
  return (
    <Page title={t('settings.title')} lead={t('settings.lead')} actions={<ExportButton taken={taken} />} commands={[command('settings', 'check'), command('export')]}>
      <ExportRefused taken={taken} />
      <Answer of={settings}>
        {(written) => (
          <div className="card max-w-3xl p-4 sm:p-5">
            <Tabs
              tabs={[
                { key: 'form', label: t('settings.usual') },
                { key: 'json', label: 'JSON' },
              ]}
              at={way}
              onChange={setWay}
              label={t('settings.title')}
            >
              <Panel shown={way === 'form'}>
                <Usual written={written} />
              </Panel>
              <Panel shown={way === 'json'}>
                <Whole written={written} />
              </Panel>
            </Tabs>
          </div>
        )}
      </Answer>
    </Page>
  );
}
