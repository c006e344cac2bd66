// Something to know, in words and an icon.

import { CircleCheck, CircleX, Info, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { washes, type Tone } from './state';

const icons = { good: CircleCheck, warn: TriangleAlert, bad: CircleX, idle: Info, act: Info } as const;

export function Notice({ tone, title, children, actions }: { tone: Tone; title?: ReactNode; children?: ReactNode; actions?: ReactNode }) {
  const Icon = icons[tone];
  return (
    <div role={tone === 'bad' ? 'alert' : 'status'} className="card flex gap-3 p-3">
      <span className={`grid size-7 shrink-0 place-items-center rounded-full ${washes[tone]}`}>
        <Icon size={17} aria-hidden />
      </span>
      <div className="min-w-0 flex-1 self-center [overflow-wrap:anywhere]">
        {title !== undefined && <p className="font-semibold">{title}</p>}
        {children}
        {actions !== undefined && <div className="mt-2 flex flex-wrap gap-2">{actions}</div>}
      </div>
    </div>
  );
}
