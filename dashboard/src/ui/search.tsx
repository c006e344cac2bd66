// A place to search a list that is on the page.

import { Search } from 'lucide-react';
import { useTranslation } from 'react-i18next';

export function SearchField({ value, onChange, label }: { value: string; onChange: (text: string) => void; label?: string }) {
  const { t } = useTranslation();
  const words = label ?? t('do.search');
  return (
    <span className="relative block min-w-44 flex-1">
      <Search size={16} aria-hidden className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-soft" />
      <input type="search" aria-label={words} placeholder={words} value={value} onChange={(event) => onChange(event.target.value)} className="field !pl-8" />
    </span>
  );
}

/** Every word of the search is somewhere in one of the texts. */
export function matches(search: string, ...texts: (string | null | undefined)[]): boolean {
  const text = texts.filter(Boolean).join('\n').toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
