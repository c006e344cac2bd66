// Every route that pages use, once. Paths, parameters and bodies are held to the hub's own description.

import { ask, hub, told } from './ask';
import { heardOutcome, heardServer } from './heard';
import type { Activities, ActivityFilters, ActivityStats, Authorization, Entry, Group, GroupWish, JsonMap, Key, KeyWish, Outcome, Server, NewUser, Person, Program, PromptOutcome, ResourceOutcome, Servers, Sessions, User, UserChange } from './shape';

const named = (name: string) => ({ params: { path: { name } } });
const withId = (id: string) => ({ params: { path: { id } } });

export async function login(username: string, password: string): Promise<string> {
  return (await told(hub.POST('/api/auth/login', { body: { username, password } }))).token;
}

export async function whoAmI(signal?: AbortSignal): Promise<Person> {
  return (await told(hub.GET('/api/auth/user', { signal }))).user;
}

export async function listServers(signal?: AbortSignal): Promise<Servers> {
  const servers = await told(hub.GET('/api/servers', { signal }));
  return { ...servers, data: servers.data.map(heardServer) };
}

export async function readServer(name: string, signal?: AbortSignal): Promise<Server> {
  return server(await told(hub.GET('/api/servers/{name}', { ...named(name), signal })));
}

export async function addServer(name: string, config: JsonMap): Promise<Server> {
  return server(await told(hub.POST('/api/servers', { body: { name, config } })));
}

export async function changeServer(name: string, change: { config?: JsonMap; newName?: string }): Promise<Server> {
  return server(await told(hub.PUT('/api/servers/{name}', { ...named(name), body: change })));
}

export const removeServer = (name: string) => told(hub.DELETE('/api/servers/{name}', named(name)));

export async function switchServer(name: string, enabled: boolean): Promise<Server> {
  return server(await told(hub.POST('/api/servers/{name}/toggle', { ...named(name), body: { enabled } })));
}

export async function reloadServer(name: string): Promise<Server> {
  return server(await told(hub.POST('/api/servers/{name}/reload', named(name))));
}

export async function readJournal(name: string, signal?: AbortSignal): Promise<Entry[]> {
  return (await told(hub.GET('/api/servers/{name}/oauth/journal', { ...named(name), signal }))).data;
}

export async function beginSignIn(name: string): Promise<Authorization> {
  return (await told(hub.POST('/api/servers/{name}/oauth/authorize', named(name)))).data;
}

/** Gives the next link where the login server wants to be asked differently. */
export async function completeSignIn(name: string, pasted: string): Promise<string | undefined> {
  return (await told(hub.POST('/api/servers/{name}/oauth/complete', { ...named(name), body: { pasted } }))).data.authorizationUrl;
}

export async function signOut(name: string, scope: 'tokens' | 'all') {
  return (await told(hub.POST('/api/servers/{name}/oauth/disconnect', { ...named(name), body: { scope } }))).data.revoked;
}

export async function callTool(name: string, toolName: string, args: JsonMap, signal?: AbortSignal): Promise<Outcome> {
  const answer = await told(hub.POST('/api/tools/call/{name}', { ...named(name), body: { toolName, arguments: args }, signal }));
  return heardOutcome(answer.data);
}

export async function getPrompt(name: string, prompt: string, args: Record<string, string>): Promise<PromptOutcome> {
  const path = { params: { path: { name, prompt } } };
  return heardOutcome((await told(hub.POST('/api/mcp/{name}/prompts/{prompt}', { ...path, body: { arguments: args } }))).data);
}

export async function readResource(server: string, uri: string): Promise<ResourceOutcome> {
  return heardOutcome((await told(hub.POST('/api/resources/read', { body: { uri, server } }))).data);
}

export async function listGroups(signal?: AbortSignal): Promise<Group[]> {
  return (await told(hub.GET('/api/groups', { signal }))).data;
}

export async function createGroup(wish: GroupWish): Promise<Group> {
  return (await told(hub.POST('/api/groups', { body: wish }))).data;
}

export async function changeGroup(id: string, wish: GroupWish): Promise<Group> {
  return (await told(hub.PUT('/api/groups/{id}', { ...withId(id), body: wish }))).data;
}

export const removeGroup = (id: string) => told(hub.DELETE('/api/groups/{id}', withId(id)));

export async function listKeys(signal?: AbortSignal): Promise<Key[]> {
  return (await told(hub.GET('/api/auth/keys', { signal }))).data;
}

/** Whether clients are asked for a key. Said to everybody, so it is no route of the API. */
export async function readDoor(signal?: AbortSignal): Promise<{ asksForKey: boolean }> {
  const response = await ask('public-config', { signal });
  return ((await response.json()) as { data: { asksForKey: boolean } }).data;
}

/** The JSON Schema of the settings file. Beside the API, for editors. */
export async function readSettingsSchema(signal?: AbortSignal): Promise<JsonMap> {
  return (await (await ask('schema/mcp_settings.json', { signal })).json()) as JsonMap;
}

export async function createKey(wish: KeyWish): Promise<Key> {
  return (await told(hub.POST('/api/auth/keys', { body: wish }))).data;
}

export async function changeKey(id: string, wish: KeyWish): Promise<Key> {
  return (await told(hub.PUT('/api/auth/keys/{id}', { ...withId(id), body: wish }))).data;
}

export const removeKey = (id: string) => told(hub.DELETE('/api/auth/keys/{id}', withId(id)));

export const listSessions = (signal?: AbortSignal): Promise<Sessions> => told(hub.GET('/api/sessions', { signal }));

export async function listPrograms(signal?: AbortSignal): Promise<Program[]> {
  return (await told(hub.GET('/api/oauth/clients', { signal }))).clients;
}

export const removeProgram = (clientId: string) => told(hub.DELETE('/api/oauth/clients/{clientId}', { params: { path: { clientId } } }));

/** Which tool calls. */
export interface ActivityQuery {
  server?: string;
  tool?: string;
  status?: string;
  text?: string;
  startDate?: string;
  upTo?: number;
}

export const listActivities = (which: ActivityQuery, page: number, limit: number, signal?: AbortSignal): Promise<Activities> =>
  told(hub.GET('/api/activities', { params: { query: { ...which, exact: true, page, limit } }, signal }));

export async function sumActivities(which: ActivityQuery, signal?: AbortSignal): Promise<ActivityStats> {
  return (await told(hub.GET('/api/activities/stats', { params: { query: { ...which, exact: true } }, signal }))).data;
}

export async function listActivityFilters(signal?: AbortSignal): Promise<ActivityFilters> {
  return (await told(hub.GET('/api/activities/filters', { signal }))).data;
}

export const forgetActivities = () => told(hub.DELETE('/api/activities/cleanup', { params: { query: { daysOld: 0 } } }));

export type ItemKind = 'tools' | 'prompts' | 'resources';

const itemOf = (name: string, kind: ItemKind, item: string) => ({ params: { path: { name, kind, item } } });

/** Shows an item to clients, or hides it. */
export async function switchItem(name: string, kind: ItemKind, item: string, enabled: boolean): Promise<Server> {
  return server(await told(hub.POST('/api/servers/{name}/{kind}/{item}/toggle', { ...itemOf(name, kind, item), body: { enabled } })));
}

/** Describes an item in other words than its server; without words, in the server's own again. */
export async function describeItem(name: string, kind: ItemKind, item: string, description: string | undefined): Promise<Server> {
  const place = '/api/servers/{name}/{kind}/{item}/description';
  const asked = description === undefined ? hub.DELETE(place, itemOf(name, kind, item)) : hub.PUT(place, { ...itemOf(name, kind, item), body: { description } });
  return server(await told<{ data: unknown }>(asked));
}

export async function readSettings(signal?: AbortSignal): Promise<JsonMap> {
  return (await told(hub.GET('/api/settings', { signal }))).data.systemConfig as JsonMap;
}

/** Changes what is sent, at any depth; `null` takes a key out. */
export async function changeSettings(change: JsonMap): Promise<JsonMap> {
  return (await told(hub.PUT('/api/system-config', { body: change }))).data as JsonMap;
}

/** The settings file without secrets and sign-ins. */
export async function exportSettings(): Promise<JsonMap> {
  return (await told(hub.GET('/api/mcp-settings/export', {}))).data as JsonMap;
}

export const clearLogs = () => told(hub.DELETE('/api/logs'));

export async function listUsers(signal?: AbortSignal): Promise<User[]> {
  return (await told(hub.GET('/api/users', { signal }))).data;
}

export const createUser = (user: NewUser) => told(hub.POST('/api/users', { body: user }));

export async function changeUser(username: string, change: UserChange): Promise<User> {
  return (await told(hub.PUT('/api/users/{username}', { params: { path: { username } }, body: change }))).data;
}

export const removeUser = (username: string) => told(hub.DELETE('/api/users/{username}', { params: { path: { username } } }));

/** Gives the login in the place of the one that ended with the old password. */
export async function changeOwnPassword(currentPassword: string, newPassword: string): Promise<string | undefined> {
  return (await told(hub.POST('/api/auth/change-password', { body: { currentPassword, newPassword } }))).token;
}

function server(answer: { data: unknown }): Server {
  return heardServer(answer.data);
}
