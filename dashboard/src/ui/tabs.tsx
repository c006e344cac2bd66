// Parts of one page, one shown at a time.

import { Tabs as Radix } from 'radix-ui';
import { useEffect, useRef, useState, type ReactNode } from 'react';

export interface Tab<K extends string> {
  key: K;
  label: ReactNode;
  count?: number;
}

interface Props<K extends string> {
  tabs: Tab<K>[];
  at: K;
  onChange: (key: K) => void;
  label: string;
  children: ReactNode;
}

export function Tabs<K extends string>({ tabs, at, onChange, label, children }: Props<K>) {
  const list = useRef<HTMLDivElement>(null);
  // Not all of them fit on a narrow screen: the one that is shown does.
  useEffect(() => {
    const shown = list.current?.querySelector<HTMLElement>('[data-state=active]');
    if (!list.current || !shown) return;
    const { left, right } = list.current.getBoundingClientRect();
    const of = shown.getBoundingClientRect();
    if (of.right > right) list.current.scrollLeft += of.right - right;
    if (of.left < left) list.current.scrollLeft -= left - of.left;
  }, [at]);
  return (
    <Radix.Root value={at} onValueChange={(key) => onChange(key as K)} className="flex flex-col gap-4">
      <Radix.List ref={list} aria-label={label} className="flex gap-1 overflow-x-auto overflow-y-hidden shadow-[inset_0_-1px_0_var(--color-line)] [scrollbar-width:thin]">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.key}
            value={tab.key}
            className="inline-flex shrink-0 items-center gap-1.5 border-b-2 border-transparent px-3 py-2 font-medium text-soft -outline-offset-2 hover:text-ink data-[state=active]:border-act data-[state=active]:text-ink"
          >
            {tab.label}
            {tab.count !== undefined && <span className="rounded-full bg-sunken px-1.5 text-[0.82rem] tabular-nums">{tab.count}</span>}
          </Radix.Trigger>
        ))}
      </Radix.List>
      <Radix.Content value={at} tabIndex={-1} className="outline-none">
        {children}
      </Radix.Content>
    </Radix.Root>
  );
}

/** A part in which somebody writes: it begins when it is first shown, and stays as he left it while another is. */
export function Panel({ shown, children }: { shown: boolean; children: ReactNode }) {
  const [begun, setBegun] = useState(shown);
  if (shown && !begun) setBegun(true);
  return begun && <div hidden={!shown}>{children}</div>;
}
