// Tries a prompt or a resource, as the playground does a tool: a form for the prompt's arguments, and what comes back.

import { useMutation } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { Refusal } from '../../api/ask';
import { getPrompt, readResource } from '../../api/calls';
import { list, text } from '../../api/heard';
import { useNews } from '../../api/hooks';
import type { Prompt, PromptOutcome, Resource, ResourceOutcome, Server } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { Button, isWebAddress, looking } from '../../ui/button';
import { TextField } from '../../ui/field';
import { RefusalNotice } from '../../ui/refusal';
import { HeldPart, OutcomePart } from './outcome';

/** A call that needs a sign-in changes how the server stands. */
function useTry<V, T>(server: Server, ask: (wish: V) => Promise<T>) {
  const news = useNews();
  return useMutation({ mutationFn: ask, onError: (error) => error instanceof Refusal && error.code === 'sign_in_needed' && news.renew(server.name) });
}

export function TryPrompt({ server, prompt }: { server: Server; prompt: Prompt }) {
  const { t } = useTranslation();
  const [args, setArgs] = useState<Record<string, string>>({});
  const ask = useTry(server, () => getPrompt(server.name, prompt.name, filled(args)));
  const wanted = prompt.arguments ?? [];
  const send = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate(undefined);
  };
  return (
    <details className="mt-2">
      <summary className="text-act">{t('play.try')}</summary>
      <div className="mt-2 flex flex-col gap-3">
        <form onSubmit={send} className="flex flex-col gap-3">
          {wanted.map(({ name, title, description, required }) => (
            <TextField
              key={name}
              label={title ?? name}
              hint={description}
              mark={required ? t('form.required') : undefined}
              required={required ?? false}
              value={args[name] ?? ''}
              onChange={(event) => setArgs({ ...args, [name]: event.target.value })}
            />
          ))}
          {wanted.length === 0 && <p className="text-soft">{t('form.noArguments')}</p>}
          <Button type="submit" look="act" busy={ask.isPending} disabled={!prompt.enabled} icon={<Play size={16} aria-hidden />} className="self-start">
            {t('play.get')}
          </Button>
        </form>
        <div aria-live="polite" className="flex flex-col gap-3">
          <Refused error={ask.error} />
          {ask.data !== undefined && <Messages outcome={ask.data} />}
        </div>
      </div>
    </details>
  );
}

export function TryResource({ server, resource }: { server: Server; resource: Resource }) {
  const { t } = useTranslation();
  const ask = useTry(server, () => readResource(server.name, resource.uri));
  return (
    <div className="mt-2 flex flex-col items-start gap-3">
      <Button small busy={ask.isPending} disabled={!resource.enabled} icon={<Play size={14} aria-hidden />} onClick={() => ask.mutate(undefined)}>
        {t('play.read')}
      </Button>
      <div aria-live="polite" className="flex w-full flex-col gap-3 empty:hidden">
        <Refused error={ask.error} />
        {ask.data !== undefined && <Held outcome={ask.data} />}
      </div>
    </div>
  );
}

function Messages({ outcome }: { outcome: PromptOutcome }) {
  const { t } = useTranslation();
  const messages = list(outcome.messages);
  const description = text(outcome.description);
  return (
    <>
      {description !== undefined && <p className="text-soft">{description}</p>}
      {messages.map((message, place) => (
        <Message key={place} message={message} />
      ))}
      {messages.length === 0 && <p className="text-soft">{t('play.empty')}</p>}
    </>
  );
}

function Message({ message }: { message: unknown }) {
  const { t } = useTranslation();
  if (!isMap(message)) return <OutcomePart part={message} />;
  const role = text(message['role']) ?? '';
  return (
    <div className="flex flex-col gap-1">
      {role !== '' && <p className="font-medium">{t(`role.${role}`, { defaultValue: role })}</p>}
      <OutcomePart part={message['content'] ?? null} />
    </div>
  );
}

function Held({ outcome }: { outcome: ResourceOutcome }) {
  const { t } = useTranslation();
  const contents = list(outcome.contents);
  return contents.length === 0 ? <p className="text-soft">{t('play.empty')}</p> : contents.map((held, place) => <HeldPart key={place} held={held} />);
}

/** A refusal that a sign-in cures brings the link along. */
export function Refused({ error }: { error: Error | null }) {
  const { t } = useTranslation();
  if (error === null) return null;
  const link = error instanceof Refusal ? error.text('authorizationUrl') : undefined;
  return (
    <>
      <RefusalNotice error={error} />
      {link !== undefined && isWebAddress(link) && (
        <a href={link} target="_blank" rel="noopener noreferrer" className={`${looking('act')} self-start`}>
          {t('signIn.open')}
        </a>
      )}
    </>
  );
}

/** What was left empty is not sent: it was not said. */
function filled(args: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(args).filter(([, value]) => value !== ''));
}
