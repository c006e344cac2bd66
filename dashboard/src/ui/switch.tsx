// On or off.

import { Switch as Radix } from 'radix-ui';

export function Switch({ on, onChange, label, disabled }: { on: boolean; onChange: (on: boolean) => void; label: string; disabled?: boolean }) {
  return (
    <Radix.Root
      checked={on}
      onCheckedChange={onChange}
      disabled={disabled}
      aria-label={label}
      title={label}
      className="box-border h-[22px] w-[40px] shrink-0 rounded-full border border-line-strong bg-sunken p-px transition-colors data-[state=checked]:border-act data-[state=checked]:bg-act disabled:opacity-55"
    >
      <Radix.Thumb className="block size-[18px] rounded-full bg-line-strong transition-transform data-[state=checked]:translate-x-[18px] data-[state=checked]:bg-on-act" />
    </Radix.Root>
  );
}
