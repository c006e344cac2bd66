// What the REST API tells, by the names that pages use. The shapes are made from the hub's own description (`schema.d.ts`); here is only
// said more exactly what is JSON of somebody else.

import type { components } from './schema';

type Schemas = components['schemas'];

export type Json = null | boolean | number | string | Json[] | JsonMap;
export type JsonMap = { [key: string]: Json };

export type Status = Schemas['ServerStatus'];
export type ServerOAuth = Schemas['ServerSignIn'];
export type PromptArgument = Schemas['PromptArgument'];
export type Prompt = Schemas['Prompt'];
export type Resource = Schemas['Resource'];
export type Explained = Schemas['Explained'];
export type Entry = Schemas['JournalEntry'];
export type SettingsPart = Schemas['SettingsPart'];
export type Stage = Schemas['JournalStage'];
export type Authorization = Schemas['SignInLink'];
export type Chosen = Schemas['GroupChoice'];
export type Member = Schemas['GroupServer'];
export type Group = Schemas['Group'];
export type GroupWish = Schemas['GroupWish'];
export type Access = Schemas['KeyAccess'];
export type Key = Schemas['Key'];
export type KeyWish = Schemas['KeyWish'];
/** Who is logged in. */
export type Person = Schemas['Person'];
export type User = Schemas['User'];
export type NewUser = Schemas['NewUser'];
export type UserChange = Schemas['UserChange'];
export type LogLine = Schemas['LogLine'];
export type LogLevel = Schemas['LogLevel'];
export type LogEvent = Schemas['LogEvent'];

/** A client that is connected. */
export type Session = Schemas['Session'];
export type Sessions = Schemas['Sessions'];

/** A program that signed in to the hub, and who let it in. */
export type Program = Schemas['OAuthClient'];
export type LetIn = Schemas['OAuthConsent'];

/** A tool call that ended. */
export type Activity = Schemas['Activity'];
export type Activities = Schemas['Activities'];
export type ActivityOutcome = Schemas['ActivityOutcome'];
export type ActivityStats = Schemas['ActivityStats'];
export type ActivityFilters = Schemas['ActivityFilters'];

export type DoctorLine = Schemas['DoctorLine'];
export type DoctorOutcome = Schemas['DoctorOutcome'];

/** What a server says of a tool; MCP has the names. */
export interface Hints {
  title?: string;
  readOnlyHint?: boolean;
  destructiveHint?: boolean;
  idempotentHint?: boolean;
  openWorldHint?: boolean;
}

export type Tool = Schemas['Tool'] & { inputSchema?: JsonMap; outputSchema?: JsonMap; annotations?: Hints };

export type Server = Omit<Schemas['Server'], 'config' | 'tools'> & { config?: JsonMap; tools: Tool[] };

export type Servers = Pick<Schemas['Servers'], 'trouble'> & { data: Server[] };

/** What a tool answered, as its server said it: a page looks at each part before it shows it. */
export interface Outcome {
  content?: unknown;
  structuredContent?: Json;
  isError?: Json;
}

export interface PromptOutcome {
  description?: unknown;
  messages?: unknown;
}

export interface ResourceOutcome {
  contents?: unknown;
}
