// Under which key each answer is kept.

export const keys = {
  user: ['user'] as const,
  servers: ['servers'] as const,
  journal: (server: string) => ['journal', server] as const,
  journals: ['journal'] as const,
  groups: ['groups'] as const,
  bearerKeys: ['keys'] as const,
  door: ['door'] as const,
  settings: ['settings'] as const,
  settingsSchema: ['settings schema'] as const,
  users: ['users'] as const,
  sessions: ['sessions'] as const,
  programs: ['programs'] as const,
  activity: ['activity'] as const,
};
