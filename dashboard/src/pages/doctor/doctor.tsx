// What is wrong on the way to a server's sign-in, line by line as it is found out. `mcphub doctor` says the same.

import { useSearch } from '@tanstack/react-router';
import { LoaderCircle, Square, Stethoscope } from 'lucide-react';
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { useTranslation } from 'react-i18next';
import { useServers } from '../../api/hooks';
import type { DoctorOutcome } from '../../api/shape';
import { Button } from '../../ui/button';
import { CopyButton } from '../../ui/copy';
import { TextField, Tick } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { Empty, Page } from '../../ui/page';
import { RefusalNotice } from '../../ui/refusal';
import type { Tone } from '../../ui/state';
import { command, quoted } from '../../words/shell';
import { report, useExamination, type Examination, type Whom } from './examination';
import { FoundLine } from './line';

const TONES: Record<DoctorOutcome, Tone> = { well: 'good', wrong: 'bad', needsPerson: 'warn', unreachable: 'bad' };

export function DoctorPage() {
  const { t } = useTranslation();
  const { server } = useSearch({ from: '/doctor' });
  const [whom, setWhom] = useState(server ?? '');
  const [register, setRegister] = useState(false);
  const examination = useExamination();
  const servers = useServers();
  const begin = (wanted: string) => examination.begin({ ...whomOf(wanted), ...(register ? { register } : {}) });
  const send = (event: FormEvent) => {
    event.preventDefault();
    begin(whom.trim());
  };
  // Who comes from a server's page has said whom he means.
  const begun = useRef(false);
  useEffect(() => {
    if (server === undefined || begun.current) return;
    begun.current = true;
    examination.begin({ server });
  }, [server, examination]);
  const words = whom.trim() === '' ? '<url or server>' : quoted(whom.trim());
  return (
    <Page title={t('doctor.title')} lead={t('doctor.lead')} commands={[command('doctor', words, ...(register ? ['--register'] : []))]}>
      <form onSubmit={send} className="card flex flex-col gap-3 p-4">
        <TextField label={t('doctor.whom')} hint={t('doctor.whomHint')} mono required list="doctor-servers" autoComplete="off" value={whom} onChange={(event) => setWhom(event.target.value)} />
        <datalist id="doctor-servers">{servers.data?.data.map(({ name }) => <option key={name} value={name} />)}</datalist>
        <Tick label={t('doctor.register')} hint={t('doctor.registerHint')} checked={register} onChange={(event) => setRegister(event.target.checked)} />
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="act" busy={examination.under} disabled={whom.trim() === ''} icon={<Stethoscope size={16} aria-hidden />}>
            {t('doctor.examine')}
          </Button>
          {examination.under && (
            <Button icon={<Square size={14} aria-hidden />} onClick={examination.stop}>
              {t('play.stop')}
            </Button>
          )}
        </div>
      </form>
      <Found examination={examination} />
    </Page>
  );
}

export function Found({ examination }: { examination: Examination }) {
  const { t } = useTranslation();
  const { of, lines, outcome, error, under } = examination;
  if (of === undefined) return <Empty icon={<Stethoscope size={28} />} title={t('doctor.none')} />;
  // Its words stand under the title's.
  const copy = (
    <span className="-ml-3">
      <CopyButton text={report(lines)} label={t('doctor.copy')} small={false} />
    </span>
  );
  const wrong = lines.filter(({ verdict }) => verdict === 'wrong').length;
  return (
    <section aria-label={'server' in of ? of.server : of.url} className="flex flex-col gap-4">
      <RefusalNotice error={error} />
      {outcome !== undefined && (
        <Notice tone={TONES[outcome]} title={outcome === 'wrong' ? t('doctor.wrong', { count: wrong }) : t(`doctor.${outcome}`)} actions={copy} />
      )}
      {(lines.length > 0 || under) && (
        <ol aria-live="polite" aria-label={t('doctor.lines')} className="card m-0 list-none divide-y divide-line p-0">
          {lines.map((line, place) => (
            <FoundLine key={place} line={line} />
          ))}
          {under && (
            <li className="flex items-center gap-2 px-4 py-2.5 text-soft">
              <LoaderCircle size={16} aria-hidden className="animate-spin" />
              {t('doctor.under')}
            </li>
          )}
        </ol>
      )}
    </section>
  );
}

/** As the command line tells them apart. */
export function whomOf(written: string): Whom {
  return written.includes('://') ? { url: written } : { server: written };
}
