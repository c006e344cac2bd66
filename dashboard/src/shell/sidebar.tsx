// Ways to the pages, and what is set for the whole page: language, light, login.

import { Link } from '@tanstack/react-router';
import { Activity, Boxes, House, KeySquare, LockKeyhole, LogOut, PlugZap, Radio, ScrollText, Server, Settings, SquareTerminal, Stethoscope, Users, WifiOff, type LucideIcon } from 'lucide-react';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useLine, useServers, useUser } from '../api/hooks';
import { loggedOut, loginToken } from '../api/login';
import { LANGUAGES, chooseLanguage, type Language } from '../i18n';
import { IconButton } from '../ui/button';
import { chooseTheme, THEMES, useTheme, type Theme } from '../ui/theme';
import { urgency } from '../words/standing';
import { Mark } from './mark';

/** Loaded when it is wanted. */
const OwnPassword = lazy(() => import('./own-password').then((it) => ({ default: it.OwnPassword })));

const item =
  'flex items-center gap-2.5 rounded-md px-2.5 py-1.5 font-medium text-soft no-underline hover:bg-sunken hover:text-ink data-[status=active]:bg-act-wash data-[status=active]:text-act';

function Way({ to, icon: Icon, children, exact }: { to: '/' | '/servers' | '/connect' | '/groups' | '/keys' | '/journal' | '/activity' | '/doctor' | '/logs' | '/users' | '/settings'; icon: LucideIcon; children: ReactNode; exact?: boolean }) {
  return (
    <li>
      <Link to={to} className={item} activeOptions={{ exact, includeSearch: false }}>
        <Icon size={17} aria-hidden />
        {children}
      </Link>
    </li>
  );
}

export function Sidebar({ open, isAdmin, onSkip }: { open: boolean; isAdmin: boolean; onSkip: () => void }) {
  const { t } = useTranslation();
  const servers = useServers();
  const waiting = servers.data?.data.filter((server) => urgency(server) > 0).length ?? 0;
  return (
    <aside aria-label={t('shell.beside')} className={`${open ? 'flex' : 'hidden'} flex-col gap-4 border-line bg-surface px-3 py-4 md:sticky md:top-0 md:flex md:h-dvh md:overflow-y-auto md:border-r`}>
      <button type="button" onClick={onSkip} className="absolute top-2 left-2 z-50 -translate-y-20 rounded bg-act px-3 py-2 text-on-act focus:translate-y-0">
        {t('shell.skip')}
      </button>
      <div className="hidden px-2.5 md:block">
        <Mark />
      </div>
      <nav aria-label={t('shell.pages')}>
        <ul className="m-0 flex list-none flex-col gap-0.5 p-0">
          <Way to="/" icon={House} exact>
            {t('home.title')}
          </Way>
          <Way to="/servers" icon={Server}>
            <span className="flex-1">{t('servers.title')}</span>
            {waiting > 0 && (
              <span className="rounded-full bg-warn-wash px-1.5 text-[0.82rem] text-warn tabular-nums" title={t('shell.waiting', { count: waiting })}>
                <span aria-hidden>{waiting}</span>
                <span className="sr-only">{t('shell.waiting', { count: waiting })}</span>
              </span>
            )}
          </Way>
          <Way to="/connect" icon={PlugZap}>
            {t('connect.title')}
          </Way>
          {isAdmin && (
            <>
              <Way to="/groups" icon={Boxes}>
                {t('groups.title')}
              </Way>
              <Way to="/keys" icon={KeySquare}>
                {t('keys.title')}
              </Way>
            </>
          )}
          <Way to="/journal" icon={ScrollText}>
            {t('journal.title')}
          </Way>
          {isAdmin && (
            <>
              <Way to="/activity" icon={Activity}>
                {t('activity.title')}
              </Way>
              <Way to="/doctor" icon={Stethoscope}>
                {t('doctor.title')}
              </Way>
              <Way to="/logs" icon={SquareTerminal}>
                {t('logs.title')}
              </Way>
              <Way to="/users" icon={Users}>
                {t('users.title')}
              </Way>
              <Way to="/settings" icon={Settings}>
                {t('settings.title')}
              </Way>
            </>
          )}
        </ul>
      </nav>
      <Below />
    </aside>
  );
}

function Below() {
  const { t, i18n } = useTranslation();
  const user = useUser();
  const theme = useTheme();
  const [changing, setChanging] = useState(false);
  return (
    <div className="mt-auto flex flex-col gap-2 border-t border-line pt-3 text-[0.87rem]">
      <LineState />
      <div className="grid grid-cols-2 gap-2">
        <select aria-label={t('shell.language')} value={i18n.language} onChange={(event) => chooseLanguage(event.target.value as Language)} className="field !min-h-8 !py-0.5">
          {Object.entries(LANGUAGES).map(([language, name]) => (
            <option key={language} value={language}>
              {name}
            </option>
          ))}
        </select>
        <select aria-label={t('shell.theme')} value={theme} onChange={(event) => chooseTheme(event.target.value as Theme)} className="field !min-h-8 !py-0.5">
          {THEMES.map((theme) => (
            <option key={theme} value={theme}>
              {t(`theme.${theme}`)}
            </option>
          ))}
        </select>
      </div>
      <div className="flex items-center justify-between gap-2 pl-1">
        <span className="min-w-0 truncate text-soft" title={user.data?.username}>
          {user.data?.username}
        </span>
        {loginToken() !== null && (
          <span className="flex">
            <IconButton small label={t('password.title')} onClick={() => setChanging(true)}>
              <LockKeyhole size={16} aria-hidden />
            </IconButton>
            <IconButton small label={t('shell.logOut')} onClick={loggedOut}>
              <LogOut size={16} aria-hidden />
            </IconButton>
          </span>
        )}
        {changing && (
          <Suspense fallback={null}>
            <OwnPassword onClose={() => setChanging(false)} />
          </Suspense>
        )}
      </div>
    </div>
  );
}

/** Whether what is shown is what is so. Where the menu is closed there is room for the trouble alone. */
export function LineState({ onlyTrouble = false }: { onlyTrouble?: boolean }) {
  const { t } = useTranslation();
  const line = useLine();
  const Icon = line === 'broken' ? WifiOff : Radio;
  return (
    <p role="status" className={`flex items-center gap-2 pl-1 ${line === 'open' ? 'text-good' : line === 'broken' ? 'text-warn' : 'text-soft'}`}>
      {(!onlyTrouble || line === 'broken') && (
        <>
          <Icon size={15} aria-hidden className="shrink-0" />
          {t(`line.${line}`)}
        </>
      )}
    </p>
  );
}
