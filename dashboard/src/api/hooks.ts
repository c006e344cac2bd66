// What pages know and do, as hooks over the calls.

import { QueryClient, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { Refusal } from './ask';
import * as calls from './calls';
import { keys } from './keys';
import { News } from './news';
import type { JsonMap, Server } from './shape';

/**
 * What the hub says is true until it says otherwise: nothing is asked for again by the clock. The hub may be on this very machine: a browser
 * that says it is offline does not know whether the hub is there, so it is asked all the same.
 */
export const known = new QueryClient({
  defaultOptions: {
    mutations: { networkMode: 'always' },
    queries: {
      networkMode: 'always',
      staleTime: Infinity,
      refetchOnWindowFocus: 'always',
      retry: (count, error) => count < 1 && error instanceof Refusal && (error.status === 0 || error.status >= 500),
    },
  },
});

const NewsContext = createContext(new News(known));
export const useNews = () => useContext(NewsContext);

export function useLine() {
  const news = useNews();
  return useSyncExternalStore(news.onState, news.state);
}

export const useUser = () => useQuery({ queryKey: keys.user, queryFn: ({ signal }) => calls.whoAmI(signal) });
export function useServers() {
  const news = useNews();
  return useQuery({ queryKey: keys.servers, queryFn: ({ signal }) => news.list(signal) });
}
export const useGroups = () => useQuery({ queryKey: keys.groups, queryFn: ({ signal }) => calls.listGroups(signal) });
export const useKeys = (enabled = true) => useQuery({ queryKey: keys.bearerKeys, queryFn: ({ signal }) => calls.listKeys(signal), enabled });
export const useDoor = () => useQuery({ queryKey: keys.door, queryFn: ({ signal }) => calls.readDoor(signal) });
export function useJournal(server: string) {
  const news = useNews();
  return useQuery({ queryKey: keys.journal(server), queryFn: ({ signal }) => news.journal(server, signal), refetchOnWindowFocus: false });
}

export const useUsers = (enabled = true) => useQuery({ queryKey: keys.users, queryFn: ({ signal }) => calls.listUsers(signal), enabled });
/** Clients come and go without an event, so they are read when somebody looks. */
export const useSessions = () => useQuery({ queryKey: keys.sessions, queryFn: ({ signal }) => calls.listSessions(signal), refetchOnMount: 'always' });
export const usePrograms = () => useQuery({ queryKey: keys.programs, queryFn: ({ signal }) => calls.listPrograms(signal) });
export const useSettings = () => useQuery({ queryKey: keys.settings, queryFn: ({ signal }) => calls.readSettings(signal) });
/** The same as long as the hub runs. */
export const useSettingsSchema = () => useQuery({ queryKey: keys.settingsSchema, queryFn: ({ signal }) => calls.readSettingsSchema(signal), refetchOnWindowFocus: false });

/** One server out of the list; undefined while the list is on its way, null where there is none of that name. */
export function useServer(name: string): Server | null | undefined {
  const servers = useServers();
  if (servers.data === undefined) return undefined;
  return servers.data.data.find((it) => it.name === name) ?? null;
}

/** A change of one server, whose answer is the server as it is now. */
export function useServerChange<V>(change: (wish: V) => Promise<Server>) {
  const news = useNews();
  return useMutation({ mutationFn: change, onSuccess: (server) => news.put(server) });
}

export const useSwitch = () => useServerChange(({ name, enabled }: { name: string; enabled: boolean }) => calls.switchServer(name, enabled));
export const useReload = () => useServerChange((name: string) => calls.reloadServer(name));
export const useAdd = () => useServerChange(({ name, config }: { name: string; config: JsonMap }) => calls.addServer(name, config));

export function useChangeServer(name: string) {
  const news = useNews();
  return useMutation({
    mutationFn: (change: { config?: JsonMap; newName?: string }) => calls.changeServer(name, change),
    onSuccess: (server) => {
      if (server.name !== name) news.drop(name);
      news.put(server);
      news.renew(server.name);
    },
  });
}

export function useRemoveServer() {
  const known = useQueryClient();
  const news = useNews();
  return useMutation({
    mutationFn: calls.removeServer,
    onSuccess: (_, name) => {
      news.drop(name);
      void known.invalidateQueries({ queryKey: keys.groups });
    },
  });
}

/** A change after which a list is read again. */
export function useListChange<V, T>(key: readonly string[], change: (wish: V) => Promise<T>) {
  const known = useQueryClient();
  return useMutation({ mutationFn: change, onSuccess: () => known.invalidateQueries({ queryKey: key }) });
}
