// Every route that pages use, once.

import { ask } from './ask';
import type { Access, Authorization, Entry, Group, JsonMap, Key, Member, Outcome, Server, Servers, User } from './shape';

interface Told<T> {
  message?: string;
  data: T;
}

const part = encodeURIComponent;
const server = (name: string) => `servers/${part(name)}`;

export async function login(username: string, password: string): Promise<string> {
  const told = await ask<{ token: string }>('POST', 'auth/login', { username, password });
  return told.token;
}

export async function whoAmI(signal?: AbortSignal): Promise<User> {
  return (await ask<{ user: User }>('GET', 'auth/user', undefined, signal)).user;
}

export const listServers = (signal?: AbortSignal) => ask<Servers>('GET', 'servers', undefined, signal);

export async function readServer(name: string, signal?: AbortSignal): Promise<Server> {
  return (await ask<Told<Server>>('GET', server(name), undefined, signal)).data;
}

export async function addServer(name: string, config: JsonMap): Promise<Server> {
  return (await ask<Told<Server>>('POST', 'servers', { name, config })).data;
}

export async function changeServer(name: string, change: { config?: JsonMap; newName?: string }): Promise<Server> {
  return (await ask<Told<Server>>('PUT', server(name), change)).data;
}

export const removeServer = (name: string) => ask<unknown>('DELETE', server(name));

export async function switchServer(name: string, enabled: boolean): Promise<Server> {
  return (await ask<Told<Server>>('POST', `${server(name)}/toggle`, { enabled })).data;
}

export async function reloadServer(name: string): Promise<Server> {
  return (await ask<Told<Server>>('POST', `${server(name)}/reload`)).data;
}

export async function readJournal(name: string, signal?: AbortSignal): Promise<Entry[]> {
  return (await ask<Told<Entry[]>>('GET', `${server(name)}/oauth/journal`, undefined, signal)).data;
}

export async function beginSignIn(name: string): Promise<Authorization> {
  return (await ask<Told<Authorization>>('POST', `${server(name)}/oauth/authorize`)).data;
}

/** Gives the next link where the login server wants to be asked differently. */
export async function completeSignIn(name: string, pasted: string): Promise<string | undefined> {
  const told = await ask<Told<{ authorizationUrl?: string }>>('POST', `${server(name)}/oauth/complete`, { pasted });
  return told.data.authorizationUrl;
}

export interface SignedOut {
  attempted: number;
  succeeded: number;
  failed: number;
}

export async function signOut(name: string, scope: 'tokens' | 'all'): Promise<SignedOut> {
  const told = await ask<Told<{ revoked: SignedOut }>>('POST', `${server(name)}/oauth/disconnect`, { scope });
  return told.data.revoked;
}

export async function callTool(name: string, toolName: string, args: JsonMap, signal?: AbortSignal): Promise<Outcome> {
  return (await ask<Told<Outcome>>('POST', `tools/call/${part(name)}`, { toolName, arguments: args }, signal)).data;
}

export async function listGroups(signal?: AbortSignal): Promise<Group[]> {
  return (await ask<Told<Group[]>>('GET', 'groups', undefined, signal)).data;
}

export interface GroupWish {
  name?: string;
  description?: string;
  servers?: (string | Member)[];
}

export async function createGroup(wish: GroupWish): Promise<Group> {
  return (await ask<Told<Group>>('POST', 'groups', wish)).data;
}

export async function changeGroup(id: string, wish: GroupWish): Promise<Group> {
  return (await ask<Told<Group>>('PUT', `groups/${part(id)}`, wish)).data;
}

export const removeGroup = (id: string) => ask<unknown>('DELETE', `groups/${part(id)}`);

export async function listKeys(signal?: AbortSignal): Promise<Key[]> {
  return (await ask<Told<Key[]>>('GET', 'auth/keys', undefined, signal)).data;
}

export interface KeyWish {
  name: string;
  accessType: Access;
  allowedGroups?: string[];
  allowedServers?: string[];
}

export async function createKey(wish: KeyWish): Promise<Key> {
  return (await ask<Told<Key>>('POST', 'auth/keys', wish)).data;
}

export async function changeKey(id: string, wish: { enabled?: boolean; name?: string }): Promise<Key> {
  return (await ask<Told<Key>>('PUT', `auth/keys/${part(id)}`, wish)).data;
}

export const removeKey = (id: string) => ask<unknown>('DELETE', `auth/keys/${part(id)}`);
