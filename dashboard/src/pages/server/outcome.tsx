// What a tool, a prompt or a resource answered. All of it comes from a server: text stays text, and only pictures and sounds of known kinds are shown.

import { CircleX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { list, text } from '../../api/heard';
import type { Outcome } from '../../api/shape';
import { isMap } from '../../schema/schema';
import { OutLink } from '../../ui/button';
import { CopyBlock } from '../../ui/copy';

const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;
const SOUNDS = /^audio\/[a-z0-9.+-]+$/i;

export function OutcomeView({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation();
  const content = list(outcome.content);
  return (
    <div className={`flex flex-col gap-3 ${outcome.isError === true ? 'border-l-4 border-bad pl-3' : ''}`}>
      {outcome.isError === true && (
        <p className="flex items-center gap-2 font-semibold text-bad">
          <CircleX size={17} aria-hidden />
          {t('play.isError')}
        </p>
      )}
      {content.map((part, place) => (
        <OutcomePart key={place} part={part} />
      ))}
      {outcome.structuredContent !== undefined && <CopyBlock label={t('play.structured')} text={JSON.stringify(outcome.structuredContent, null, 2)} />}
      {content.length === 0 && outcome.structuredContent === undefined && <p className="text-soft">{t('play.empty')}</p>}
    </div>
  );
}

export function OutcomePart({ part }: { part: unknown }) {
  const { t } = useTranslation();
  if (!isMap(part)) return <Other said={part} />;
  const said = (key: string) => text(part[key]) ?? '';
  switch (part['type']) {
    case 'text':
      return <CopyBlock label={t('play.text')} text={indented(said('text'))} />;
    case 'image':
    case 'audio':
      return <Media mimeType={said('mimeType')} data={said('data')} kind={part['type']} named={said('mimeType')} />;
    case 'resource_link':
      return (
        <div>
          <p className="font-medium">{said('name') || t('item.resource')}</p>
          <OutLink href={said('uri')}>{said('uri')}</OutLink>
          {said('description') !== '' && <p className="text-soft">{said('description')}</p>}
        </div>
      );
    case 'resource':
      return <HeldPart held={part['resource']} />;
    default:
      return <Other said={part} />;
  }
}

/** What a resource holds. */
export function HeldPart({ held }: { held: unknown }) {
  if (!isMap(held)) return <Other said={held} />;
  const [uri, mimeType, blob] = ['uri', 'mimeType', 'blob'].map((key) => text(held[key]) ?? '') as [string, string, string];
  const words = text(held['text']);
  if (words !== undefined) return <CopyBlock label={uri} text={words} />;
  return <Media mimeType={mimeType} data={blob} kind={SOUNDS.test(mimeType) ? 'audio' : 'image'} named={[uri, mimeType].filter(Boolean).join(' · ')} />;
}

/** A picture or a sound; what is neither of the known kinds is only named. */
function Media({ mimeType, data, kind, named }: { mimeType: string; data: string; kind: 'image' | 'audio'; named: string }) {
  const { t } = useTranslation();
  const address = `data:${mimeType};base64,${data}`;
  if (kind === 'image' && PICTURES.test(mimeType)) return <img src={address} alt={t('play.image')} className="max-h-96 max-w-full self-start rounded-md border border-line bg-code" />;
  if (kind === 'audio' && SOUNDS.test(mimeType)) return <audio controls src={address} aria-label={t('play.audio')} className="w-full" />;
  return <Unshown kind={named} bytes={data.length} />;
}

/** A kind that came after us, or none at all. */
function Other({ said }: { said: unknown }) {
  const { t } = useTranslation();
  return <CopyBlock label={t('play.other')} text={JSON.stringify(said, null, 2) ?? ''} />;
}

function Unshown({ kind, bytes }: { kind: string; bytes: number }) {
  const { t } = useTranslation();
  return <p className="text-soft [overflow-wrap:anywhere]">{t('play.unshown', { kind, count: Math.floor((bytes * 3) / 4) })}</p>;
}

/** JSON in one line is hard to read. */
function indented(text: string): string {
  if (!/^\s*[[{]/.test(text) || text.length > 200_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
