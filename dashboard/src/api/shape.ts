// What the REST API tells, as far as pages look into it. What they hand on, they hand on as it came.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonMap = { [key: string]: Json };

/** The states of a server, in the words of the API. */
export type Status =
  | 'connected'
  | 'connecting'
  | 'oauth_required'
  | 'needs_client'
  | 'client_rejected'
  | 'registration_refused'
  | 'refresh_failing'
  | 'rejected_by_resource'
  | 'disconnected'
  | 'disabled';

export interface ServerOAuth {
  connected: boolean;
  clientIdConfigured: boolean;
  authorizationUrl?: string;
  linkExpiresAt?: string;
  userCode?: string;
  verificationUri?: string;
  expiresAt?: string;
  issuer?: string;
  offeredBy?: string;
  scopes?: string[];
  profile?: string[];
  consoleUrl?: string;
  redirectUri?: string;
  pasteBack?: boolean;
}

export interface Tool {
  name: string;
  title?: string;
  description?: string;
  inputSchema?: Json;
  outputSchema?: Json;
  annotations?: { title?: string; readOnlyHint?: boolean; destructiveHint?: boolean; idempotentHint?: boolean; openWorldHint?: boolean };
  enabled: boolean;
}

export interface PromptArgument {
  name: string;
  title?: string;
  description?: string;
  required?: boolean;
}

export interface Prompt {
  name: string;
  title?: string;
  description?: string;
  arguments?: PromptArgument[];
  enabled: boolean;
}

export interface Resource {
  uri: string;
  name?: string;
  title?: string;
  description?: string;
  mimeType?: string;
  enabled: boolean;
}

export interface Server {
  name: string;
  owner?: string;
  status: Status;
  error: string | null;
  reason: string | null;
  action: string | null;
  transport: string | null;
  protocolVersion: string | null;
  tools: Tool[];
  prompts: Prompt[];
  resources: Resource[];
  createTime?: string;
  enabled: boolean;
  config?: JsonMap;
  problems?: string[];
  oauth: ServerOAuth;
}

export interface Servers {
  data: Server[];
  /** What keeps the settings file from being read or written. */
  trouble?: string;
}

export type Stage =
  | 'discovery'
  | 'registration'
  | 'authorization_url'
  | 'callback'
  | 'token_exchange'
  | 'refresh'
  | 'heal'
  | 'step_up'
  | 'revoke'
  | 'connect';

/** A line of the journal. */
export interface Entry {
  time: string;
  server: string;
  user?: string;
  signIn?: string;
  stage: Stage;
  request?: { method: string; host: string; path: string };
  status?: number;
  durationMs?: number;
  decision: string;
  why?: string;
  rule?: string;
}

export interface Authorization {
  authorizationUrl: string;
  expiresAt?: string;
  userCode?: string;
  verificationUri?: string;
}

export type Chosen = string[] | 'all';

export interface Member {
  name: string;
  alias?: string;
  tools?: Chosen;
  prompts?: Chosen;
  resources?: Chosen;
}

export interface Group {
  id: string;
  name: string;
  description?: string;
  servers: (string | Member)[];
  owner?: string;
  visibility?: string;
}

export type Access = 'all' | 'groups' | 'servers' | 'custom';

export interface Key {
  id: string;
  name: string;
  token: string;
  enabled: boolean;
  kind: 'system' | 'user';
  owner?: string;
  accessType: Access;
  allowedGroups?: string[];
  allowedServers?: string[];
}

export interface User {
  username: string;
  isAdmin: boolean;
}

export type Content =
  | { type: 'text'; text: string }
  | { type: 'image'; data: string; mimeType: string }
  | { type: 'audio'; data: string; mimeType: string }
  | { type: 'resource_link'; uri: string; name?: string; description?: string; mimeType?: string }
  | { type: 'resource'; resource: { uri: string; mimeType?: string; text?: string; blob?: string } };

export interface Outcome {
  content?: Content[];
  structuredContent?: Json;
  isError?: boolean;
}
