// What an administrator decides about one tool, prompt or resource: whether clients see it, and in which words.

import { Pencil } from 'lucide-react';
import { useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { describeItem, switchItem, type ItemKind } from '../../api/calls';
import { useServerChange, useUser } from '../../api/hooks';
import { Button, IconButton } from '../../ui/button';
import { RefusalNotice } from '../../ui/refusal';
import { Switch } from '../../ui/switch';

interface Item {
  server: string;
  kind: ItemKind;
  item: string;
}

export function ItemSwitch({ server, kind, item, on }: Item & { on: boolean }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const change = useServerChange((enabled: boolean) => switchItem(server, kind, item, enabled));
  if (!isAdmin) return on ? null : <span className="text-[0.87rem] text-soft">{t('item.off')}</span>;
  return (
    <span className="inline-flex items-center gap-2">
      {change.error !== null && (
        <span role="alert" className="text-[0.87rem] text-bad">
          {change.error.message}
        </span>
      )}
      <Switch on={on} disabled={change.isPending} label={t(on ? 'item.hide' : 'item.show', { name: item })} onChange={(enabled) => change.mutate(enabled)} />
    </span>
  );
}

/** The words that clients get, to be written anew. */
export function Described({ server, kind, item, words }: Item & { words: string | undefined }) {
  const { t } = useTranslation();
  const isAdmin = useUser().data?.isAdmin ?? false;
  const [draft, setDraft] = useState<string>();
  const change = useServerChange((description: string | undefined) => describeItem(server, kind, item, description));
  const close = { onSuccess: () => setDraft(undefined) };
  const send = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(draft?.trim(), close);
  };
  if (draft === undefined) {
    return (
      <div className="mt-1 flex items-start gap-1">
        <p className="min-w-0 whitespace-pre-line text-soft [overflow-wrap:anywhere]">{words}</p>
        {isAdmin && (
          <IconButton small label={t('item.describe', { name: item })} onClick={() => setDraft(words ?? '')} className="shrink-0">
            <Pencil size={14} aria-hidden />
          </IconButton>
        )}
      </div>
    );
  }
  return (
    <form onSubmit={send} className="mt-1 flex flex-col gap-2">
      <textarea aria-label={t('item.describe', { name: item })} autoFocus rows={3} value={draft} onChange={(event) => setDraft(event.target.value)} className="field [field-sizing:content] max-h-60" />
      <RefusalNotice error={change.error} />
      <span className="flex flex-wrap gap-2">
        <Button small look="act" type="submit" busy={change.isPending} disabled={draft.trim() === ''}>
          {t('do.save')}
        </Button>
        <Button small disabled={change.isPending} onClick={() => change.mutate(undefined, close)}>
          {t('item.ownWords')}
        </Button>
        <Button small look="quiet" onClick={() => setDraft(undefined)}>
          {t('do.cancel')}
        </Button>
      </span>
    </form>
  );
}
