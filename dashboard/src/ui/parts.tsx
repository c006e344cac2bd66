// Where a line may end within a text that people do not write as prose: a path, an address, a name, a command.

import { Fragment, type ReactNode } from 'react';

/** Longer texts are nothing that somebody reads. */
const READ = 500;

/** Where there is no room for all of it, it breaks between its parts, and neither within a word nor after the dashes of an option. */
export function Parts({ text }: { text: string }): ReactNode {
  if (text.length > READ) return text;
  return text.match(/\s+|-{1,2}[a-z][a-z-]*(?=\s|$)|[^/\\_?&\s]+[/\\_?&]*|[/\\_?&]+/g)?.map((part, place) => (
    <Fragment key={place}>
      {place > 0 && <wbr />}
      {part.startsWith('-') ? <span className="whitespace-nowrap">{part}</span> : part}
    </Fragment>
  ));
}
