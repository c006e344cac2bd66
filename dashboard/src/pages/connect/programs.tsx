// Which programs people let in on the hub's own page, by whom and for what, and the end of one. Names and addresses are words of strangers.

import { AppWindow } from 'lucide-react';
import type { TFunction } from 'i18next';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { removeProgram } from '../../api/calls';
import { useListChange, usePrograms } from '../../api/hooks';
import { keys } from '../../api/keys';
import type { LetIn, Program } from '../../api/shape';
import { Button } from '../../ui/button';
import { Confirm } from '../../ui/dialog';
import { Answer, Empty } from '../../ui/page';
import { Parts } from '../../ui/parts';
import { dayAndClock } from '../../words/time';

export function Programs() {
  const { t } = useTranslation();
  const programs = usePrograms();
  const [doomed, setDoomed] = useState<Program>();
  const remove = useListChange(keys.programs, removeProgram);
  return (
    <section aria-labelledby="programs" className="flex flex-col gap-2">
      <h2 id="programs">{t('programs.title')}</h2>
      <p className="max-w-[75ch] text-soft">{t('programs.lead')}</p>
      <Answer of={programs} rows={2}>
        {(programs) =>
          programs.length === 0 ? (
            <Empty icon={<AppWindow size={28} />} title={t('programs.none')}>
              <p>{t('programs.noneLead')}</p>
            </Empty>
          ) : (
            <ul className="card m-0 list-none divide-y divide-line p-0">
              {programs.map((program) => (
                <Row key={program.clientId} program={program} onRemove={() => setDoomed(program)} />
              ))}
            </ul>
          )
        }
      </Answer>
      <Confirm
        open={doomed !== undefined}
        onClose={() => setDoomed(undefined)}
        title={t('programs.removeTitle')}
        lead={
          <>
            <p className="mb-2 font-medium text-ink [overflow-wrap:anywhere]">
              <bdi>{doomed?.name}</bdi>
            </p>
            {doomed !== undefined && doomed.clientId !== doomed.name && (
              <p className="mb-2 [overflow-wrap:anywhere]">
                {t('programs.id')}{' '}
                <span className="prose-code">
                  <bdi>
                    <Parts text={doomed.clientId} />
                  </bdi>
                </span>
              </p>
            )}
            <p>{t('programs.removeLead')}</p>
          </>
        }
        word={t('programs.remove')}
        busy={remove.isPending}
        error={remove.error}
        onYes={() => doomed && remove.mutate(doomed.clientId, { onSuccess: () => setDoomed(undefined) })}
      />
    </section>
  );
}

function Row({ program, onRemove }: { program: Program; onRemove: () => void }) {
  const { t, i18n } = useTranslation();
  const { name, clientId, isDocument, redirectUris, registeredAt, letIn } = program;
  return (
    <li className="row-lazy flex flex-col gap-1 px-4 py-3 [overflow-wrap:anywhere]">
      <div className="flex items-start justify-between gap-4">
        <p className="min-w-0 font-semibold">
          <bdi>{isDocument ? <Parts text={name} /> : name}</bdi>
        </p>
        <Button small aria-label={called(program, t)} onClick={onRemove} className="shrink-0">
          {t('programs.remove')}
        </Button>
      </div>
      {letIn.length === 0 ? (
        <p>{t('programs.byNobody')}</p>
      ) : (
        <ul className="m-0 list-none p-0">
          {letIn.map((consent, place) => (
            <li key={place} className={consent.opensApi ? 'text-warn' : ''}>
              <bdi>{agreed(consent, t, i18n.language)}</bdi>
            </li>
          ))}
        </ul>
      )}
      {isDocument && <p className="text-[0.87rem] text-soft">{t('programs.document')}</p>}
      <dl className="m-0 grid grid-cols-[auto_minmax(0,1fr)] gap-x-3 text-[0.87rem] text-soft">
        {!isDocument && (
          <>
            <dt>{t('programs.id')}</dt>
            <dd className="prose-code m-0">
              <Address text={clientId} />
            </dd>
          </>
        )}
        {redirectUris.length > 0 && (
          <>
            <dt>{t('programs.answered')}</dt>
            <dd className="prose-code m-0">
              {redirectUris.map((address) => (
                <Address key={address} text={address} />
              ))}
            </dd>
          </>
        )}
        {registeredAt !== undefined && (
          <>
            <dt>{t('programs.registered')}</dt>
            <dd className="m-0">{dayAndClock(registeredAt, i18n.language)}</dd>
          </>
        )}
      </dl>
    </li>
  );
}

/** Two may call themselves alike; their ids differ. */
function called({ name, clientId: id }: Program, t: TFunction): string {
  return name === id ? t('programs.removeNamed', { name }) : t('programs.removeKnown', { name, id });
}

/** Its beginning says where it leads; the rest may be as long as a stranger likes. */
function Address({ text }: { text: string }) {
  return (
    <bdi className="line-clamp-4" title={text}>
      <Parts text={text} />
    </bdi>
  );
}

function agreed(consent: LetIn, t: TFunction, language: string): string {
  const { user: name, agreedAt } = consent;
  if (agreedAt === undefined) return t('programs.by', { name, what: what(consent, t) });
  return t('programs.byAt', { name, time: dayAndClock(agreedAt, language), what: what(consent, t) });
}

/** As the page said it on which the user agreed. */
function what({ opensApi, resource, scopes }: LetIn, t: TFunction): string {
  if (opensApi) return t(scopes.includes('write') ? 'programs.changes' : 'programs.sees');
  return resource === undefined || resource === '/mcp' ? t('programs.everything') : t('programs.path', { path: resource });
}
