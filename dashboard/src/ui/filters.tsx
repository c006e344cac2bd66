// What a list is narrowed to: words to search for, and beside them what can be chosen. In two columns where there is no room for one line.

import type { ReactNode } from 'react';

export function FilterBar({ search, children }: { search: ReactNode; children: ReactNode }) {
  return (
    <div className="grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
      <div className="col-span-2 sm:contents">{search}</div>
      {children}
    </div>
  );
}
