// Further things to do, behind one button.

import { Ellipsis } from 'lucide-react';
import { DropdownMenu as Radix } from 'radix-ui';
import { useRef, type ReactNode } from 'react';
import { IconButton } from './button';

export interface Choice {
  label: string;
  icon?: ReactNode;
  danger?: boolean;
  onChoose: () => void;
}

export function Menu({ label, choices }: { label: string; choices: Choice[] }) {
  const trigger = useRef<HTMLButtonElement>(null);
  const chosen = useRef<Choice>(undefined);
  // What is chosen happens when the button has the focus again: a question that it asks brings the focus back there.
  const closed = (event: Event) => {
    const choice = chosen.current;
    if (choice === undefined) return;
    event.preventDefault();
    trigger.current?.focus();
    chosen.current = undefined;
    choice.onChoose();
  };
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>
        <IconButton ref={trigger} look="plain" label={label}>
          <Ellipsis size={17} aria-hidden />
        </IconButton>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content align="end" sideOffset={4} onCloseAutoFocus={closed} className="card z-50 min-w-44 p-1 shadow-lg">
          {choices.map((choice) => (
            <Radix.Item
              key={choice.label}
              onSelect={() => {
                chosen.current = choice;
              }}
              className={`flex cursor-pointer items-center gap-2 rounded px-2.5 py-1.5 outline-none data-[highlighted]:bg-sunken ${choice.danger ? 'text-bad' : ''}`}
            >
              {choice.icon}
              {choice.label}
            </Radix.Item>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
