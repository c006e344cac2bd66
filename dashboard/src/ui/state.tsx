// A server's state: an icon and words, and a colour beside them.

import { CircleCheck, CircleDashed, CircleOff, CircleX, KeyRound, Moon, RefreshCwOff, TriangleAlert, UserRoundKey, type LucideIcon } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Server, Status } from '../api/shape';
import { isAsleep } from '../words/standing';

export type Tone = 'good' | 'warn' | 'bad' | 'idle' | 'act';

export const inks: Record<Tone, string> = { good: 'text-good', warn: 'text-warn', bad: 'text-bad', idle: 'text-idle', act: 'text-act' };
export const washes: Record<Tone, string> = {
  good: 'bg-good-wash text-good',
  warn: 'bg-warn-wash text-warn',
  bad: 'bg-bad-wash text-bad',
  idle: 'bg-idle-wash text-idle',
  act: 'bg-act-wash text-act',
};

const shown: Record<Status, [Tone, LucideIcon]> = {
  connected: ['good', CircleCheck],
  connecting: ['idle', CircleDashed],
  oauth_required: ['warn', KeyRound],
  needs_client: ['warn', UserRoundKey],
  client_rejected: ['bad', CircleX],
  registration_refused: ['bad', CircleX],
  refresh_failing: ['warn', RefreshCwOff],
  rejected_by_resource: ['bad', CircleX],
  disconnected: ['bad', TriangleAlert],
  disabled: ['idle', CircleOff],
};

export function StateTag({ server, large }: { server: Server; large?: boolean }) {
  const { t } = useTranslation();
  const asleep = isAsleep(server);
  const [tone, Icon] = asleep ? (['idle', Moon] as const) : (shown[server.status] ?? (['idle', CircleDashed] as const));
  const word = asleep ? t('state.asleep') : t(`state.${server.status}`, { defaultValue: server.status });
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full font-medium whitespace-nowrap ${washes[tone]} ${large ? 'px-3 py-1' : 'px-2 py-0.5 text-[0.87rem]'}`}>
      <Icon size={large ? 17 : 15} aria-hidden className={server.status === 'connecting' ? 'animate-spin [animation-duration:2.4s]' : ''} />
      {word}
    </span>
  );
}
