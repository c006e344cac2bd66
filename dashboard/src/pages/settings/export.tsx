// The settings file without secrets, to be kept or taken elsewhere.

import { useMutation } from '@tanstack/react-query';
import { Download } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { exportSettings } from '../../api/calls';
import { Button } from '../../ui/button';
import { RefusalNotice } from '../../ui/refusal';

export function useExport() {
  return useMutation({ mutationFn: exportSettings, onSuccess: (settings) => offer('mcp_settings.json', `${JSON.stringify(settings, null, 2)}\n`) });
}

export function ExportButton({ taken }: { taken: ReturnType<typeof useExport> }) {
  const { t } = useTranslation();
  return (
    <Button icon={<Download size={16} aria-hidden />} busy={taken.isPending} title={t('settings.exportHint')} onClick={() => taken.mutate()}>
      {t('settings.export')}
    </Button>
  );
}

export function ExportRefused({ taken }: { taken: ReturnType<typeof useExport> }) {
  return <RefusalNotice error={taken.error} again={() => taken.mutate()} />;
}

/** The login goes in a header, so it is no link that the browser could follow by itself. */
function offer(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has taken it by then.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
