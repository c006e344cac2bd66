// The settings of a server, as they are written: secrets are shown as ********, and stay when they are sent back so.

import { useNavigate } from '@tanstack/react-router';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useChangeServer, useUser } from '../../api/hooks';
import type { Json, JsonMap, Server } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { namesAfter, sharingOf, strangeWord, UNSAID, withSharing } from '../../sharing/sharing';
import { WhoMayUse } from '../../sharing/who';
import { Button } from '../../ui/button';
import { Field, TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';
import { rebased } from '../settings/known';

/** Written by the hub while it signs in; nobody edits it. */
const OWN = ['registration', 'pendingAuthorization', 'grant', 'accessToken', 'refreshToken', 'expiresAt', 'grantedScopes', 'stepUps'];

export function ServerSettings({ server }: { server: Server }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const navigate = useNavigate();
  const change = useChangeServer(server.name);
  const written = editable(server.config ?? {});
  /** `read`: what the text says, or said last when it could be read. */
  const [draft, setDraft] = useState<{ text: string; from: JsonMap; read: JsonMap }>();
  const [name, setName] = useState(server.name);
  const [wrong, setWrong] = useState<string>();
  const from = draft?.from ?? written;
  const text = draft?.text ?? shown(written);
  const edited = text !== shown(from);
  const drafted = draft?.read ?? written;
  const strange = strangeWord(drafted);
  const touched = edited || name !== server.name;
  const changed = touched || strange !== undefined;
  const unread = typeof parsed(text) === 'string';
  const write = (text: string) => {
    const read = parsed(text);
    setDraft(text === shown(from) ? undefined : { text, from, read: typeof read === 'string' ? drafted : read });
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    const read = parsed(text);
    setWrong(typeof read === 'string' ? read : undefined);
    if (typeof read === 'string') return;
    // All of it is sent, so it is what others left of it, with what was changed here.
    const config = withoutKept(server.config ?? {}, understood(onto(from, read, written)));
    const wish = { ...(edited || strange !== undefined ? { config } : {}), ...(name.trim() === server.name ? {} : { newName: name.trim() }) };
    change.mutate(wish, {
      onSuccess: (now) => {
        setDraft((it) => it && (it.text === text ? undefined : { ...it, from: read }));
        if (now.name !== server.name) void navigate({ to: '/server', search: { name: now.name, tab: 'settings' } });
      },
    });
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-4">
      <TextField label={t('server.name')} value={name} mono readOnly={!isAdmin} onChange={(event) => setName(event.target.value)} className="max-w-md" />
      {isAdmin && <WhoMayUse sharing={sharingOf(drafted, UNSAID.server)} onChange={(next) => write(shown(withSharing(drafted, from, next)))} owner={ownerIn(drafted)} strange={strange} blocked={unread ? t('sharing.noJson') : undefined} />}
      <Field label={t('server.config')} hint={t('server.configHint')} error={wrong && t('server.noJson', { why: wrong })}>
        {(wired) => (
          <textarea {...wired} rows={12} spellCheck={false} readOnly={!isAdmin} value={text} onChange={(event) => write(event.target.value)} className="field prose-code [field-sizing:content] max-h-[60dvh]" />
        )}
      </Field>
      <RefusalNotice error={change.error} />
      {isAdmin && (
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="act" busy={change.isPending} disabled={!changed}>
            {t('do.save')}
          </Button>
          <Button
            disabled={!touched}
            onClick={() => {
              setDraft(undefined);
              setName(server.name);
              setWrong(undefined);
            }}
          >
            {t('do.undo')}
          </Button>
          {change.isSuccess && !changed && (
            <span role="status" className="self-center text-good">
              {t('do.saved')}
            </span>
          )}
        </div>
      )}
    </form>
  );
}

/** Without what a sign-in wrote: the hub keeps it where it is not sent. */
export function editable(config: JsonMap): JsonMap {
  const oauth = config['oauth'];
  if (!isMap(oauth)) return config;
  const registered = 'registration' in oauth;
  const own = registered ? [...OWN, 'clientId', 'clientSecret'] : OWN;
  const rest = Object.fromEntries(Object.entries(oauth).filter(([key]) => !own.includes(key)));
  const { oauth: _, ...beside } = config;
  return Object.keys(rest).length === 0 ? beside : { ...beside, oauth: rest };
}

/** What the hub keeps where it is not sent: taken out here, it is sent as what means nothing. */
function withoutKept(before: JsonMap, now: JsonMap): JsonMap {
  const nothing = { oauth: {}, visibility: 'private', sharedWithUsers: [] };
  const out = Object.entries(nothing).filter(([key]) => key in editable(before) && !(key in now));
  return { ...now, ...Object.fromEntries(out) };
}

/** What was changed here, done to what is there by now; of the users whom it is shared with, whoever was added or taken out. */
function onto(from: JsonMap, read: JsonMap, written: JsonMap): JsonMap {
  const config = rebased(from, read, written);
  const lists = [from, read, written].map((it) => it['sharedWithUsers'] ?? []);
  if (!('sharedWithUsers' in config) || !lists.every(isNames)) return config;
  const [was = [], now = [], there = []] = lists;
  return { ...config, sharedWithUsers: namesAfter(was, now, there) };
}

/** With the word for what a word counts as that the hub does not know. */
function understood(config: JsonMap): JsonMap {
  return strangeWord(config) === undefined ? config : { ...config, visibility: sharingOf(config, UNSAID.server).choice };
}

function isNames(value: Json): value is string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function ownerIn({ owner }: JsonMap): string | undefined {
  return typeof owner === 'string' && owner !== '' ? owner : undefined;
}

function shown(config: JsonMap): string {
  return JSON.stringify(config, null, 2);
}

function parsed(text: string): JsonMap | string {
  try {
    const value: unknown = JSON.parse(text);
    return isMap(value) ? value : '{…}';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
