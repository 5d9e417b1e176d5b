import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Problem } from '../../network.ts';
import { ProblemNotice } from './problem-notice.tsx';

export interface ReasonFormProps {
  /** What the button says. */
  readonly action: string;
  readonly danger?: boolean;
  /** Does it; the problem is shown. */
  readonly onSubmit: (reason: string) => Promise<Problem | null>;
  /** What comes before the reason. */
  readonly children?: ComponentChildren;
}

/** Something that goes on record with the reason for it. */
export function ReasonForm({ action, danger = false, onSubmit, children }: ReasonFormProps) {
  const reason = useSignal('');
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    problem.value = await onSubmit(reason.value);
    busy.value = false;
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      {children}
      <label>
        Reason
        <input
          required
          maxLength={500}
          autoComplete="off"
          placeholder="Goes into the audit log for good; name no person"
          value={reason.value}
          onInput={(event) => {
            reason.value = event.currentTarget.value;
          }}
        />
      </label>
      <ProblemNotice problem={problem.value} />
      <div class="actions">
        <button type="submit" class={danger ? 'main danger' : 'main'} aria-disabled={busy.value}>
          {busy.value ? 'One moment …' : action}
        </button>
      </div>
    </form>
  );
}
