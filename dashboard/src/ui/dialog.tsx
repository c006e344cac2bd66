// A question in front of the page. Radix's own overlay brings a style of its own into the page, which the content security policy
// forbids; a plain one does.

import { X } from 'lucide-react';
import { Dialog as Radix } from 'radix-ui';
import { useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from './button';
import { RefusalNotice } from './refusal';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: ReactNode;
  wide?: boolean;
  /** What it shows is shown only once: it closes by its own button, and not by Escape, a click beside it, or a cross. */
  firm?: boolean;
  children: ReactNode;
}

export function Dialog({ open, onClose, title, lead, wide, firm = false, children }: Props) {
  const { t } = useTranslation();
  // Radix gives the focus back to a trigger of its own, which our dialogs do not have.
  const before = useRef<Element>(null);
  return (
    <Radix.Root open={open} onOpenChange={(open) => !open && onClose()}>
      <Radix.Portal>
        <div aria-hidden data-backdrop className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          onEscapeKeyDown={(event) => firm && event.preventDefault()}
          onInteractOutside={(event) => firm && event.preventDefault()}
          onOpenAutoFocus={() => {
            before.current = document.activeElement;
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            const opener = before.current;
            // What opened it may be gone by now, like the row of a list that goes on: then the page has the focus, and not nothing.
            const back = opener?.isConnected ? opener : document.querySelector('main h1');
            if (back instanceof HTMLElement) back.focus();
          }}
          {...(lead === undefined ? { 'aria-describedby': undefined } : {})}
          className={`card fixed top-1/2 left-1/2 z-50 flex max-h-[90dvh] w-[calc(100vw-24px)] -translate-x-1/2 -translate-y-1/2 flex-col gap-4 overflow-auto p-5 shadow-xl ${wide ? 'max-w-3xl' : 'max-w-lg'}`}
        >
          <div className="flex items-start justify-between gap-3">
            <Radix.Title className="[overflow-wrap:anywhere]">{title}</Radix.Title>
            {!firm && (
              <Radix.Close asChild>
                <IconButton small label={t('do.close')}>
                  <X size={17} aria-hidden />
                </IconButton>
              </Radix.Close>
            )}
          </div>
          {lead !== undefined && (
            <Radix.Description asChild>
              <div className="text-soft">{lead}</div>
            </Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

interface Question {
  open: boolean;
  onClose: () => void;
  title: string;
  lead: ReactNode;
  word: string;
  busy: boolean;
  error: unknown;
  onYes: () => void;
}

/** Before something that cannot be taken back. */
export function Confirm({ open, onClose, title, lead, word, busy, error, onYes }: Question) {
  return (
    <Dialog open={open} onClose={onClose} title={title} lead={lead}>
      <Yes word={word} busy={busy} error={error} onYes={onYes} onNo={onClose} />
    </Dialog>
  );
}

/** A refusal is of the answer that was given here, and not of an earlier question. */
function Yes({ word, busy, error, onYes, onNo }: Pick<Question, 'word' | 'busy' | 'error' | 'onYes'> & { onNo: () => void }) {
  const { t } = useTranslation();
  const [given, setGiven] = useState(false);
  const yes = () => {
    setGiven(true);
    onYes();
  };
  return (
    <>
      <RefusalNotice error={given ? error : null} />
      <div className="flex justify-end gap-2">
        <Button onClick={onNo}>{t('do.cancel')}</Button>
        <Button look="danger" busy={busy} onClick={yes}>
          {word}
        </Button>
      </div>
    </>
  );
}
