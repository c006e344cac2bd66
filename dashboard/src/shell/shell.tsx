// What stands around every page. Without a login there is only the login.

import { Outlet, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { known, useNews, useUser } from '../api/hooks';
import { Refusal } from '../api/ask';
import { onLogin } from '../api/login';
import { Login } from '../pages/login/login';
import { IconButton } from '../ui/button';
import { Loading } from '../ui/page';
import { RefusalNotice } from '../ui/refusal';
import { Mark } from './mark';
import { OnlyAdministrators } from './missing';
import { LineState, Sidebar } from './sidebar';

export function Shell() {
  const user = useUser();
  useEffect(
    () =>
      onLogin(() => {
        // Nothing of one person is shown to the next.
        known.removeQueries({ type: 'inactive' });
        void known.resetQueries();
      }),
    [],
  );
  const error = user.error;
  if (user.data === undefined && error instanceof Refusal && error.status === 401) return <Login />;
  if (user.data === undefined) {
    return (
      <main className="mx-auto max-w-xl p-8">
        {error === null ? <Loading rows={3} /> : <RefusalNotice error={error} again={() => void user.refetch()} />}
      </main>
    );
  }
  return <Frame isAdmin={user.data.isAdmin} />;
}

function Frame({ isAdmin }: { isAdmin: boolean }) {
  const { t } = useTranslation();
  const news = useNews();
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => news.start(), [news]);
  useEffect(() => {
    setOpen(false);
    // Who does not see the page change hears its title.
    if (!first.current) main.current?.querySelector('h1')?.focus({ preventScroll: true });
    first.current = false;
  }, [path]);
  return (
    <div className="min-h-dvh md:grid md:grid-cols-[220px_minmax(0,1fr)]">
      <header className="sticky top-0 z-30 flex items-center justify-between gap-3 border-b border-line bg-surface px-4 py-2 md:hidden">
        <span className="shrink-0">
          <Mark />
        </span>
        {!open && (
          <div className="min-w-0 flex-1 text-[0.87rem] leading-5">
            <LineState onlyTrouble />
          </div>
        )}
        <IconButton label={t(open ? 'shell.closeMenu' : 'shell.openMenu')} aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <X size={20} aria-hidden /> : <MenuIcon size={20} aria-hidden />}
        </IconButton>
      </header>
      <Sidebar open={open} isAdmin={isAdmin} onSkip={() => main.current?.focus()} />
      <main ref={main} tabIndex={-1} className={`min-w-0 outline-none ${open ? 'hidden md:block' : ''}`}>
        {isAdmin || !isForAdministrators(path) ? <Outlet /> : <OnlyAdministrators />}
      </main>
    </div>
  );
}

/** Pages to which no way leads anybody else; an address may still be typed. */
const FOR_ADMINISTRATORS = ['/servers/add', '/groups', '/keys', '/activity', '/doctor', '/logs', '/users', '/settings'];

function isForAdministrators(path: string): boolean {
  return FOR_ADMINISTRATORS.includes(path.replace(/\/+$/, ''));
}
