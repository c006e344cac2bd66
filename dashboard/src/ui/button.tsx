// Buttons, and links that look like them.

import type { ButtonHTMLAttributes, AnchorHTMLAttributes, MouseEvent, ReactNode, Ref } from 'react';
import { LoaderCircle } from 'lucide-react';

export type Look = 'act' | 'plain' | 'quiet' | 'danger';

const looks: Record<Look, string> = {
  act: 'bg-act text-on-act border-transparent hover:bg-act-hover',
  plain: 'bg-surface text-ink border-line-strong hover:bg-sunken',
  quiet: 'bg-transparent text-soft border-transparent hover:bg-sunken hover:text-ink',
  danger: 'bg-surface text-bad border-bad hover:bg-bad-wash',
};

export function looking(look: Look, small = false): string {
  const size = small ? 'min-h-7 px-2 text-[0.87rem]' : 'min-h-[34px] px-3';
  return `inline-flex items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap no-underline disabled:opacity-55 aria-disabled:opacity-55 ${size} ${looks[look]}`;
}

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  small?: boolean;
  busy?: boolean;
  /** Nothing to do for it now. Other than a disabled one it keeps the focus of whoever is on it. */
  idle?: boolean;
  icon?: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

export function Button({ look = 'plain', small, busy, idle, icon, children, className = '', onClick, ...rest }: Props) {
  const still = busy || idle;
  return (
    <button
      type="button"
      {...rest}
      aria-disabled={still || undefined}
      aria-busy={busy || undefined}
      onClick={still ? doNothing : onClick}
      className={`${looking(look, small)} ${className}`}
    >
      {busy ? <LoaderCircle size={16} aria-hidden className="animate-spin" /> : icon}
      {children}
    </button>
  );
}

/** Nor does the form send that it stands in, by a click or by Enter in a field. */
function doNothing(event: MouseEvent): void {
  event.preventDefault();
}

/** Only an icon; its label is for those who do not see it, and for the tip. */
export function IconButton({ label, children, ...rest }: Props & { label: string }) {
  return (
    <Button look="quiet" {...rest} aria-label={label} title={label} className={`!px-2 ${rest.className ?? ''}`}>
      {children}
    </Button>
  );
}

/** A way out of the hub's pages. Addresses come from servers: one that is neither http nor https leads nowhere. */
export function OutLink({ href, look, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { href: string; look?: Look }) {
  if (!isWebAddress(href)) return <span className="prose-code">{href}</span>;
  return (
    <a {...rest} href={href} target="_blank" rel="noopener noreferrer" className={look ? looking(look) : 'text-act underline underline-offset-2'}>
      {children}
    </a>
  );
}

export function isWebAddress(text: string): boolean {
  const url = URL.parse ? URL.parse(text) : parsed(text);
  return url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
}

function parsed(text: string): URL | null {
  try {
    return new URL(text);
  } catch {
    return null;
  }
}
