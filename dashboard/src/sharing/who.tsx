// Who may use a group or a server: asked of whoever changes it, and said in a few words.

import type { TFunction } from 'i18next';
import { Fragment, useId, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useUsers } from '../api/hooks';
import type { User } from '../api/shape';
import { Tick } from '../ui/field';
import { RefusalNotice } from '../ui/refusal';
import { matches, SearchField } from '../ui/search';
import { listed, sentences } from '../words/join';
import { CHOICES, isShared, type Sharing } from './sharing';

/** So many names are said, of others only how many they are. */
const SAID = 3;

interface Props {
  sharing: Sharing;
  onChange: (sharing: Sharing) => void;
  owner: string | undefined;
  hint?: string;
  /** A word that stands there and is none of the three. */
  strange?: string | undefined;
  /** Why nothing can be chosen now. */
  blocked?: string | undefined;
}

export function WhoMayUse({ sharing, onChange, owner, hint, strange, blocked }: Props) {
  const { t } = useTranslation();
  const id = useId();
  const whose = owner === undefined ? t('sharing.noOwner') : t('sharing.owner', { name: owner });
  return (
    <fieldset aria-describedby={`${id}-about`} className="m-0 flex min-w-0 flex-col gap-1 border-0 p-0">
      <legend className="mb-1 p-0 font-medium">{t('sharing.title')}</legend>
      <p id={`${id}-about`} className="text-[0.87rem] text-soft [overflow-wrap:anywhere]">
        {blocked ?? sentences(t, whose, hint)}
      </p>
      {strange !== undefined && <p className="text-[0.87rem] text-warn [overflow-wrap:anywhere]">{t('sharing.strange', { word: strange })}</p>}
      {CHOICES.map((choice) => (
        <Fragment key={choice}>
          <Tick type="radio" name={id} label={t(`sharing.choice.${choice}`)} checked={sharing.choice === choice} disabled={blocked !== undefined} onChange={() => onChange({ ...sharing, choice })} />
          {choice === 'group' && sharing.choice === choice && <People owner={owner} chosen={sharing.users} blocked={blocked !== undefined} onChange={(users) => onChange({ ...sharing, users })} />}
        </Fragment>
      ))}
    </fieldset>
  );
}

function People({ owner, chosen, blocked, onChange }: { owner: string | undefined; chosen: string[]; blocked: boolean; onChange: (users: string[]) => void }) {
  const { t } = useTranslation();
  const users = useUsers();
  const [text, setText] = useState('');
  // Whoever is ticked already is seen first, wherever he stands among many; nobody moves under the pointer.
  const [first] = useState(chosen);
  // Whoever is unticked stays to be seen, and can be ticked again.
  const [seen, setSeen] = useState(chosen);
  const unseen = chosen.filter((name) => !seen.includes(name));
  if (unseen.length > 0) setSeen([...seen, ...unseen]);
  const known = users.data ?? [];
  // Administrators and its owner may use it anyway.
  const others = known.filter((user) => (!user.isAdmin && user.username !== owner) || seen.includes(user.username)).map((user) => user.username);
  const names = [...new Set([...first, ...others, ...seen])];
  const aboutOf = (name: string) => {
    const user = known.find((user) => user.username === name);
    if (users.data === undefined || user?.isAdmin === false) return undefined;
    return t(user === undefined ? 'sharing.noUser' : 'users.admin');
  };
  return (
    <fieldset aria-label={t('users.title')} className="m-0 flex min-w-0 flex-col gap-2 border-0 p-0 pb-1 pl-6">
      {names.length > 8 && <SearchField value={text} onChange={setText} label={t('sharing.search')} />}
      {users.isPending && names.length === 0 && <p className="text-soft">{t('page.loading')}</p>}
      {users.isSuccess && names.length === 0 && <p className="text-soft">{t('sharing.nobody')}</p>}
      <div hidden={names.length === 0} tabIndex={blocked ? 0 : undefined} className="card grid max-h-60 gap-x-4 overflow-y-auto px-3 py-2 sm:grid-cols-2 [&[hidden]]:hidden">
        {names
          .filter((name) => matches(text, name))
          .map((name) => (
            <Tick key={name} label={name} hint={aboutOf(name)} checked={chosen.includes(name)} disabled={blocked} onChange={(event) => onChange(event.target.checked ? [...chosen, name] : chosen.filter((it) => it !== name))} />
          ))}
      </div>
      <RefusalNotice error={users.error} again={() => void users.refetch()} />
    </fieldset>
  );
}

/** Whom it is for, in a few words. Where the users are known, a name that is none of theirs is said to be so. */
export function forWhom(t: TFunction, sharing: Sharing, users?: User[]): string {
  if (!isShared(sharing)) return t('sharing.choice.private');
  return sharing.choice === 'public' ? t('sharing.withAll') : t('sharing.with', { names: namesOf(t, sharing.users, users) });
}

function namesOf(t: TFunction, shared: string[], users: User[] | undefined): string {
  const isUser = (name: string) => users?.some((user) => user.username === name) ?? true;
  const first = [...shared.filter(isUser), ...shared.filter((name) => !isUser(name))].slice(0, SAID);
  const names = listed(
    t,
    first.map((name) => (isUser(name) ? name : t('sharing.nobodyNamed', { name }))),
  );
  return shared.length > SAID ? t('sharing.more', { names, rest: shared.length - SAID }) : names;
}
