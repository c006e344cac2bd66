// What the hub refused, in its own words, and what helps.

import { useTranslation } from 'react-i18next';
import { Refusal } from '../api/ask';
import { Button } from './button';
import { Notice } from './notice';

export function RefusalNotice({ error, again }: { error: unknown; again?: () => void }) {
  const { t } = useTranslation();
  if (error === null || error === undefined) return null;
  const refusal = error instanceof Refusal ? error : undefined;
  const title = refusal?.status === 0 ? t('failed.unreachable') : refusal ? undefined : t('failed.unexpected');
  const words = error instanceof Error ? error.message : String(error);
  const helps = refusal?.text('action') ?? refusal?.text('do');
  return (
    <Notice
      tone="bad"
      title={title}
      actions={
        again && (
          <Button small onClick={again}>
            {t('do.tryAgain')}
          </Button>
        )
      }
    >
      <p>{words}</p>
      {helps !== undefined && <p className="text-soft">{t('failed.helps', { action: helps })}</p>}
    </Notice>
  );
}
