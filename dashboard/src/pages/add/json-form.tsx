// Servers as JSON, one or many, as other programs write them.

import { useMutation } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { addServer } from '../../api/calls';
import { useNews, useServers } from '../../api/hooks';
import { Button } from '../../ui/button';
import { TextArea } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { freeName, nameOf } from './name';
import { ofJson, type Named } from './wish';

const EXAMPLE = `{
  "mcpServers": {
    "linear": { "url": "https://mcp.linear.app/mcp" }
  }
}`;

interface Outcome {
  added: string[];
  refused: { name: string; why: string }[];
}

export function JsonForm({ onAdded }: { onAdded: (names: string[]) => void }) {
  const { t } = useTranslation();
  const news = useNews();
  const known = useServers().data?.data.map((server) => server.name) ?? [];
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const add = useMutation({
    mutationFn: async (named: Named[]) => {
      const outcome: Outcome = { added: [], refused: [] };
      for (const { name, config } of named) {
        const free = name === '' ? freeName(nameOf(String(config['url'] ?? '')) ?? 'server', [...known, ...outcome.added]) : name;
        try {
          const server = await addServer(free, config);
          news.put(server);
          outcome.added.push(server.name);
        } catch (error) {
          outcome.refused.push({ name: free, why: error instanceof Error ? error.message : String(error) });
        }
      }
      return outcome;
    },
    onSuccess: (outcome) => outcome.refused.length === 0 && onAdded(outcome.added),
  });
  const send = (event: FormEvent) => {
    event.preventDefault();
    const named = ofJson(text);
    setWrong(named === undefined);
    if (named !== undefined) add.mutate(named);
  };
  return (
    <form onSubmit={send} className="flex flex-col gap-4">
      <TextArea label={t('add.json')} hint={t('add.jsonHint')} error={wrong ? t('add.noJson') : undefined} mono required rows={10} placeholder={EXAMPLE} value={text} onChange={(event) => setText(event.target.value)} />
      {add.data !== undefined && add.data.refused.length > 0 && (
        <Notice tone="bad" title={t('add.refused', { count: add.data.refused.length })}>
          <ul className="m-0 list-disc pl-5">
            {add.data.refused.map(({ name, why }) => (
              <li key={name}>
                <strong>{name}</strong>: {why}
              </li>
            ))}
          </ul>
          {add.data.added.length > 0 && (
            <Button small onClick={() => onAdded(add.data.added)}>
              {t('add.others', { count: add.data.added.length })}
            </Button>
          )}
        </Notice>
      )}
      <Button type="submit" look="act" busy={add.isPending} disabled={text.trim() === ''} className="self-start">
        {t('servers.add')}
      </Button>
    </form>
  );
}
