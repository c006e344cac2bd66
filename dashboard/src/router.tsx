// Which address shows which page. Addresses stand behind `#`, so that the hub serves one page whatever its BASE_PATH; each page is
// loaded when it is first shown.

import { createHashHistory, createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { Shell } from './shell/shell';
import { Failed, Missing } from './shell/missing';

const root = createRootRoute({ component: Shell, notFoundComponent: Missing, errorComponent: Failed });

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

const home = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./pages/home/home'), 'Home') });

export const serversRoute = createRoute({
  getParentRoute: () => root,
  path: '/servers',
  validateSearch: (search): { q?: string; show?: string } => ({ q: text(search['q']), show: text(search['show']) }),
  component: lazyRouteComponent(() => import('./pages/servers/servers'), 'Servers'),
});

const add = createRoute({ getParentRoute: () => root, path: '/servers/add', component: lazyRouteComponent(() => import('./pages/add/add'), 'AddServer') });

/** A name may hold `/`, so it is no part of the path. */
export const serverRoute = createRoute({
  getParentRoute: () => root,
  path: '/server',
  validateSearch: (search): { name: string; tab?: string; item?: string } => ({ name: String(search['name'] ?? ''), tab: text(search['tab']), item: text(search['item']) }),
  beforeLoad: ({ search }) => {
    if (search.name === '') throw redirect({ to: '/servers' });
  },
  component: lazyRouteComponent(() => import('./pages/server/server'), 'ServerPage'),
});

export const connectRoute = createRoute({
  getParentRoute: () => root,
  path: '/connect',
  validateSearch: (search): { client?: string; endpoint?: string } => ({ client: text(search['client']), endpoint: text(search['endpoint']) }),
  component: lazyRouteComponent(() => import('./pages/connect/connect'), 'ConnectClients'),
});

const groups = createRoute({ getParentRoute: () => root, path: '/groups', component: lazyRouteComponent(() => import('./pages/groups/groups'), 'Groups') });
const keys = createRoute({ getParentRoute: () => root, path: '/keys', component: lazyRouteComponent(() => import('./pages/keys/keys'), 'Keys') });

export const journalRoute = createRoute({
  getParentRoute: () => root,
  path: '/journal',
  validateSearch: (search): { server?: string } => ({ server: text(search['server']) }),
  component: lazyRouteComponent(() => import('./pages/journal/journal'), 'JournalPage'),
});

export const doctorRoute = createRoute({
  getParentRoute: () => root,
  path: '/doctor',
  validateSearch: (search): { server?: string } => ({ server: text(search['server']) }),
  component: lazyRouteComponent(() => import('./pages/doctor/doctor'), 'DoctorPage'),
});

export const activityRoute = createRoute({
  getParentRoute: () => root,
  path: '/activity',
  validateSearch: (search): { server?: string; tool?: string; status?: string; q?: string; since?: string } => ({
    server: text(search['server']),
    tool: text(search['tool']),
    status: text(search['status']),
    q: text(search['q']),
    since: text(search['since']),
  }),
  component: lazyRouteComponent(() => import('./pages/activity/activity'), 'ActivityPage'),
});

const logs = createRoute({ getParentRoute: () => root, path: '/logs', component: lazyRouteComponent(() => import('./pages/logs/logs'), 'Logs') });
const users = createRoute({ getParentRoute: () => root, path: '/users', component: lazyRouteComponent(() => import('./pages/users/users'), 'Users') });
const settings = createRoute({ getParentRoute: () => root, path: '/settings', component: lazyRouteComponent(() => import('./pages/settings/settings'), 'Settings') });

export const router = createRouter({
  routeTree: root.addChildren([home, serversRoute, add, serverRoute, connectRoute, groups, keys, journalRoute, activityRoute, doctorRoute, logs, users, settings]),
  history: createHashHistory(),
  // A page that broke is one page: what stands around it stays.
  defaultErrorComponent: Failed,
  defaultPreload: 'intent',
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
