// Tries a tool: a form that its schema describes, or the JSON itself, and what comes back.

import { useMutation } from '@tanstack/react-query';
import { Play, Square } from 'lucide-react';
import { useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { callTool } from '../../api/calls';
import { Refusal } from '../../api/ask';
import { useNews } from '../../api/hooks';
import type { JsonMap, Server, Tool } from '../../api/shape';
import { check, type Fault } from '../../schema/check';
import { SchemaForm } from '../../schema/form';
import { beginning, isMap } from '../../schema/schema';
import { Button } from '../../ui/button';
import { CopyBlock, CopyLine } from '../../ui/copy';
import { Field, Tick } from '../../ui/field';
import { command, quoted } from '../../words/shell';
import { took } from '../../words/time';
import { Described, ItemSwitch } from './item';
import { OutcomeView } from './outcome';
import { Refused } from './tries';

export function Playground({ server, tool }: { server: Server; tool: Tool }) {
  const { t } = useTranslation();
  const news = useNews();
  const [args, setArgs] = useState<JsonMap>(() => beginning(tool.inputSchema));
  const [raw, setRaw] = useState<string>();
  const [faults, setFaults] = useState<Fault[]>([]);
  const [broken, setBroken] = useState(false);
  const stop = useRef<AbortController>(undefined);
  const call = useMutation({
    mutationFn: async (sent: JsonMap) => {
      stop.current = new AbortController();
      const began = performance.now();
      const outcome = await callTool(server.name, tool.name, sent, stop.current.signal);
      return { outcome, lasted: performance.now() - began };
    },
    // A call that needs a sign-in changes how the server stands.
    onError: (error) => error instanceof Refusal && error.code === 'sign_in_needed' && news.renew(server.name),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    if (raw !== undefined) {
      const read = parsed(raw);
      setFaults([]);
      setBroken(read === undefined);
      if (read !== undefined) call.mutate(read);
      return;
    }
    const root = isMap(tool.inputSchema) ? tool.inputSchema : {};
    const found = check(root, args, root, true);
    setFaults(found);
    if (found.length === 0) call.mutate(args);
  };
  const switchRaw = (on: boolean) => {
    // They were those of the other way to write.
    setFaults([]);
    setBroken(false);
    if (on) setRaw(JSON.stringify(args, null, 2));
    else {
      const read = parsed(raw ?? '');
      setBroken(read === undefined);
      if (read === undefined) return;
      setArgs(read);
      setRaw(undefined);
    }
  };
  return (
    <section aria-labelledby="tool" className="card flex flex-col gap-4 p-4">
      <header>
        <div className="flex flex-wrap items-baseline justify-between gap-2">
          <h2 id="tool" className="prose-code !text-[1rem]">
            {tool.name}
          </h2>
          <span className="flex items-center gap-3">
            <Hints tool={tool} />
            <ItemSwitch server={server.name} kind="tools" item={tool.name} on={tool.enabled} />
          </span>
        </div>
        {(tool.title ?? tool.annotations?.title) !== undefined && <p className="font-medium [overflow-wrap:anywhere]">{tool.title ?? tool.annotations?.title}</p>}
        <Described server={server.name} kind="tools" item={tool.name} words={tool.description} />
      </header>
      <form onSubmit={send} noValidate className="flex flex-col gap-4">
        {raw === undefined ? (
          <SchemaForm schema={tool.inputSchema} value={args} onChange={setArgs} faults={faults} />
        ) : (
          <Field label={t('play.arguments')} error={broken ? t('form.noObject') : undefined}>
            {(wired) => <textarea {...wired} rows={6} spellCheck={false} value={raw} onChange={(event) => setRaw(event.target.value)} className="field prose-code [field-sizing:content] max-h-96" />}
          </Field>
        )}
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Button type="submit" look="act" busy={call.isPending} disabled={!tool.enabled} icon={<Play size={16} aria-hidden />}>
            {t('play.call')}
          </Button>
          {call.isPending && (
            <Button icon={<Square size={14} aria-hidden />} onClick={() => stop.current?.abort()}>
              {t('play.stop')}
            </Button>
          )}
          <Tick label={t('play.raw')} checked={raw !== undefined} onChange={(event) => switchRaw(event.target.checked)} />
          {tool.annotations?.destructiveHint === true && tool.annotations.readOnlyHint !== true && <span className="text-[0.87rem] text-warn">{t('play.destructive')}</span>}
        </div>
        {faults.length > 0 && (
          <p role="alert" className="text-bad">
            {t('play.faults', { count: faults.length })}
          </p>
        )}
      </form>
      <div aria-live="polite" className="flex flex-col gap-3">
        {call.error !== null && !stop.current?.signal.aborted && <Refused error={call.error} />}
        {call.data !== undefined && (
          <>
            <p className="text-[0.87rem] text-soft">{t('play.took', { time: took(call.data.lasted) })}</p>
            <OutcomeView outcome={call.data.outcome} />
          </>
        )}
      </div>
      <CopyLine text={command('call', quoted(server.name), quoted(tool.name), '--params-json', `'${JSON.stringify(raw === undefined ? args : (parsed(raw) ?? {})).replaceAll("'", `'\\''`)}'`)} />
      {tool.inputSchema !== undefined && (
        <details>
          <summary className="text-[0.9rem] text-soft">{t('play.schema')}</summary>
          <div className="mt-2 flex flex-col gap-3">
            <CopyBlock label="inputSchema" text={JSON.stringify(tool.inputSchema, null, 2)} />
            {tool.outputSchema !== undefined && <CopyBlock label="outputSchema" text={JSON.stringify(tool.outputSchema, null, 2)} />}
          </div>
        </details>
      )}
    </section>
  );
}

function Hints({ tool }: { tool: Tool }) {
  const { t } = useTranslation();
  const { readOnlyHint, destructiveHint, openWorldHint } = tool.annotations ?? {};
  const hints = [readOnlyHint === true && t('hint.readOnly'), readOnlyHint !== true && destructiveHint === true && t('hint.destructive'), openWorldHint === true && t('hint.openWorld')].filter(Boolean);
  if (hints.length === 0) return null;
  return <span className="text-[0.82rem] text-soft">{hints.join(' · ')}</span>;
}

function parsed(text: string): JsonMap | undefined {
  try {
    const value: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    return isMap(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
