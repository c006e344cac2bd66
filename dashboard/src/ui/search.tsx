// A place to search a list that is on the page.

import { Search } from 'lucide-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/**
 * While somebody writes in it, it shows what he writes: a value that goes through the address comes back a moment later, and putting it over
 * the words moves the cursor to their end and breaks off the writing of a Chinese word.
 */
export function SearchField({ value, onChange, label }: { value: string; onChange: (text: string) => void; label?: string }) {
  const { t } = useTranslation();
  const words = label ?? t('do.search');
  const [typed, setTyped] = useState<string>();
  return (
    <span className="relative block min-w-44 flex-1">
      <Search size={16} aria-hidden className="pointer-events-none absolute top-1/2 left-2.5 -translate-y-1/2 text-soft" />
      <input
        type="search"
        aria-label={words}
        placeholder={words}
        value={typed ?? value}
        onChange={(event) => {
          setTyped(event.target.value);
          onChange(event.target.value);
        }}
        onBlur={() => setTyped(undefined)}
        // What is found is shown already: Enter does not send the form in which it stands.
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
        className="field !pl-8"
      />
    </span>
  );
}

/** Every word of the search is somewhere in one of the texts. */
export function matches(search: string, ...texts: (string | null | undefined)[]): boolean {
  const text = texts.filter(Boolean).join('\n').toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
