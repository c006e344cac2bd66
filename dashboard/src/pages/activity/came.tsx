// What came of a call, and who made it, in words.

import { Ban, CircleCheck, CircleX, Unplug, type LucideIcon } from 'lucide-react';
import type { TFunction } from 'i18next';
import { useTranslation } from 'react-i18next';
import type { Activity, ActivityOutcome } from '../../api/shape';
import { washes, type Tone } from '../../ui/state';

const shown: Record<ActivityOutcome, [Tone, LucideIcon]> = {
  answered: ['good', CircleCheck],
  refused: ['bad', CircleX],
  failed: ['warn', Unplug],
  cancelled: ['idle', Ban],
};

export function Came({ outcome }: { outcome: ActivityOutcome }) {
  const { t } = useTranslation();
  const [tone, Icon] = shown[outcome];
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-2 py-0.5 text-[0.87rem] font-medium whitespace-nowrap ${washes[tone]}`}>
      <Icon size={15} aria-hidden />
      {t(`activity.outcome.${outcome}`)}
    </span>
  );
}

export function who({ username, keyName, keyId, operator }: Activity, t: TFunction): string {
  const key = keyName || keyId;
  if (operator) return t('activity.operator');
  return [username, key].filter(Boolean).join(' · ') || t('activity.anyone');
}
