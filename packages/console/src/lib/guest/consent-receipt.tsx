import { useSignal } from '@preact/signals';
import { ask } from '../network.ts';
import { receiptIdOf } from './receipt-id.ts';
import { visitorWords } from './visitor-words.ts';

export interface ConsentReceiptProps {
  /** As the gateway gave it out. */
  readonly receipt: string;
  /** The gateway has it on record that the consent was taken back. */
  readonly onWithdrawn: () => void;
}

/** Names the receipt of the visitor's consent, with which it can be taken back. */
export function ConsentReceipt({ receipt, onWithdrawn }: ConsentReceiptProps) {
  const busy = useSignal(false);
  const fault = useSignal<string | null>(null);
  const withdraw = async () => {
    if (busy.value) return;
    busy.value = true;
    const answer = await ask('/v1/withdrawals', { method: 'POST', body: { receipt } });
    busy.value = false;
    if (answer.ok) onWithdrawn();
    else fault.value = visitorWords(answer.problem);
  };
  return (
    <details class="receipt small">
      <summary>Your consent</summary>
      <p>
        On record as <code>{receiptIdOf(receipt) ?? 'a receipt that cannot be read here'}</code>. You can take it back
        at any time; the chat ends then.
      </p>
      {fault.value !== null && (
        <p class="fault" role="alert">
          {fault.value}
        </p>
      )}
      <button type="button" aria-disabled={busy.value} onClick={() => void withdraw()}>
        {busy.value ? 'One moment …' : 'Take my consent back'}
      </button>
    </details>
  );
}
