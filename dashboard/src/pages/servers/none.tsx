// Nothing is there yet, or nothing that this person may see.

import { Link } from '@tanstack/react-router';
import { Server as ServerIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { looking } from '../../ui/button';
import { CopyLine } from '../../ui/copy';
import { Empty } from '../../ui/page';
import { command } from '../../words/shell';

export function NoServers({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation();
  if (!isAdmin) return <Empty icon={<ServerIcon size={28} />} title={t('servers.noneForYou')} />;
  return (
    <Empty icon={<ServerIcon size={28} />} title={t('servers.none')}>
      <p>{t('servers.noneLead')}</p>
      <Link to="/servers/add" className={looking('act')}>
        {t('servers.add')}
      </Link>
      <CopyLine text={command('add', 'https://mcp.linear.app/mcp')} />
    </Empty>
  );
}
