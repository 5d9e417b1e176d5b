import type { Signal } from '@preact/signals';

export interface SubjectFieldProps {
  readonly who: Signal<string>;
  /** Told when somebody else is meant. Default nobody. */
  readonly onChange?: () => void;
}

/** Asks whom something is about. */
export function SubjectField({ who, onChange }: SubjectFieldProps) {
  return (
    <label>
      Guest id, or id of an attempt
      <input
        required
        autoComplete="off"
        value={who.value}
        onInput={(event) => {
          who.value = event.currentTarget.value;
          onChange?.();
        }}
      />
    </label>
  );
}
