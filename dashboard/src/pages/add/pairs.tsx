// Names and values, as many as are wanted: headers, or variables.

import { Plus, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../../ui/button';
import type { Pair } from './wish';

export function Pairs({ label, hint, pairs, onChange, add }: { label: string; hint: string; pairs: Pair[]; onChange: (pairs: Pair[]) => void; add: string }) {
  const { t } = useTranslation();
  const change = (place: number, pair: Partial<Pair>) => onChange(pairs.map((it, at) => (at === place ? { ...it, ...pair } : it)));
  return (
    <fieldset className="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
      <legend className="mb-1 p-0 font-medium">{label}</legend>
      {pairs.map((pair, place) => (
        <div key={place} className="grid grid-cols-[minmax(0,2fr)_minmax(0,3fr)_auto] gap-2">
          <input aria-label={t('add.pairName')} placeholder={t('add.pairName')} value={pair.name} spellCheck={false} onChange={(event) => change(place, { name: event.target.value })} className="field prose-code" />
          <input aria-label={t('add.pairValue', { name: pair.name })} placeholder={t('add.pairValuePlaceholder')} value={pair.value} spellCheck={false} autoComplete="off" onChange={(event) => change(place, { value: event.target.value })} className="field prose-code" />
          <IconButton label={t('form.remove', { what: pair.name })} onClick={() => onChange(pairs.toSpliced(place, 1))}>
            <X size={16} aria-hidden />
          </IconButton>
        </div>
      ))}
      <span className="text-[0.87rem] text-soft">{hint}</span>
      <Button small icon={<Plus size={15} aria-hidden />} onClick={() => onChange([...pairs, { name: '', value: '' }])} className="self-start">
        {add}
      </Button>
    </fieldset>
  );
}
