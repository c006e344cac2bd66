// Addresses that lead nowhere, or not everybody somewhere, and pages that broke.

import { Link } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { looking } from '../ui/button';
import { Empty, Page } from '../ui/page';
import { RefusalNotice } from '../ui/refusal';

export function Missing() {
  const { t } = useTranslation();
  return (
    <Page title={t('missing.title')}>
      <Empty title={t('missing.lead')}>
        <Link to="/" className={looking('act')}>
          {t('missing.home')}
        </Link>
      </Empty>
    </Page>
  );
}

/** A page that does not serve whoever is logged in. */
export function OnlyAdministrators() {
  const { t } = useTranslation();
  return (
    <Page title={t('missing.noAdmin')}>
      <Empty icon={<Lock size={28} />} title={t('missing.noAdminLead')}>
        <Link to="/" className={looking('act')}>
          {t('missing.home')}
        </Link>
      </Empty>
    </Page>
  );
}

export function Failed({ error, reset }: { error: unknown; reset: () => void }) {
  const { t } = useTranslation();
  return (
    <Page title={t('failed.unexpected')}>
      <RefusalNotice error={error} again={reset} />
    </Page>
  );
}
