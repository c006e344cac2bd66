// What the hub refused, in its own words, and what helps.

import { useTranslation } from 'react-i18next';
import { Refusal } from '../api/ask';
import type { Explained } from '../api/shape';
import { isMap } from '../schema/schema';
import { sentences } from '../words/join';
import { Button } from './button';
import { ErrorCode, ExplainedLines } from './explained';
import { Notice } from './notice';

interface Props {
  error: unknown;
  again?: () => void;
  /** It will be asked again when the hub is back, without anybody doing anything: true of what is read, never of what somebody did. */
  goesOn?: boolean;
  /** What is said in the place of the hub's words, which may speak to whoever calls its API. */
  instead?: string;
}

export function RefusalNotice({ error, again, goesOn = false, instead }: Props) {
  const { t } = useTranslation();
  if (error === null || error === undefined) return null;
  const refusal = error instanceof Refusal ? error : undefined;
  const explained = explainedIn(refusal);
  const title = refusal?.status === 0 ? t('failed.unreachable') : refusal ? explained?.headline : t('failed.unexpected');
  const words = refusal?.status === 0 ? sentences(t, t('failed.unreachableWhy'), goesOn && t('failed.goesOn')) : error instanceof Error ? error.message : String(error);
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
      {explained === undefined ? (
        <>
          <p>{instead ?? words}</p>
          {helps !== undefined && <p className="text-soft">{t('failed.helps', { action: helps })}</p>}
        </>
      ) : (
        <ExplainedLines it={explained} />
      )}
      <ErrorCode code={refusal?.text('errorCode')} />
    </Notice>
  );
}

/** The five lines, where the hub has them. */
function explainedIn(refusal: Refusal | undefined): Explained | undefined {
  const said = refusal?.more['explained'];
  const whole = isMap(said) && ['headline', 'code', 'whatHappened', 'why', 'do'].every((key) => typeof said[key] === 'string');
  return whole ? (said as unknown as Explained) : undefined;
}
