// What a tool, a prompt or a resource answered. All of it comes from a server: text stays text, and only pictures and sounds of known kinds are shown.

import { CircleX } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import type { Content, Held, Outcome } from '../../api/shape';
import { OutLink } from '../../ui/button';
import { CopyBlock } from '../../ui/copy';

const PICTURES = /^image\/(png|jpeg|gif|webp|avif|bmp)$/;
const SOUNDS = /^audio\/[a-z0-9.+-]+$/i;

export function OutcomeView({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation();
  const content = Array.isArray(outcome.content) ? outcome.content : [];
  return (
    <div className={`flex flex-col gap-3 ${outcome.isError ? 'border-l-4 border-bad pl-3' : ''}`}>
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

export function OutcomePart({ part }: { part: Content }) {
  const { t } = useTranslation();
  switch (part.type) {
    case 'text':
      return <CopyBlock label={t('play.text')} text={indented(part.text)} />;
    case 'image':
      return PICTURES.test(part.mimeType) ? (
        <img src={`data:${part.mimeType};base64,${part.data}`} alt={t('play.image')} className="max-h-96 max-w-full self-start rounded-md border border-line bg-code" />
      ) : (
        <Unshown kind={part.mimeType} bytes={part.data.length} />
      );
    case 'audio':
      return SOUNDS.test(part.mimeType) ? (
        <audio controls src={`data:${part.mimeType};base64,${part.data}`} aria-label={t('play.audio')} className="w-full" />
      ) : (
        <Unshown kind={part.mimeType} bytes={part.data.length} />
      );
    case 'resource_link':
      return (
        <div>
          <p className="font-medium">{part.name ?? t('item.resource')}</p>
          <OutLink href={part.uri}>{part.uri}</OutLink>
          {part.description !== undefined && <p className="text-soft">{part.description}</p>}
        </div>
      );
    case 'resource':
      return <HeldPart held={part.resource} />;
    default:
      // A kind that came after us.
      return <CopyBlock label={t('play.other')} text={JSON.stringify(part, null, 2)} />;
  }
}

/** What a resource holds. */
export function HeldPart({ held }: { held: Held }) {
  const { uri, mimeType = '', text, blob = '' } = held;
  if (text !== undefined) return <CopyBlock label={uri} text={text} />;
  if (PICTURES.test(mimeType)) return <OutcomePart part={{ type: 'image', data: blob, mimeType }} />;
  if (SOUNDS.test(mimeType)) return <OutcomePart part={{ type: 'audio', data: blob, mimeType }} />;
  return <Unshown kind={[uri, mimeType].filter(Boolean).join(' · ')} bytes={blob.length} />;
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
