import type { NewEvent } from './chain.ts';
import type { Intent } from './intents.ts';
import type { NewOutcome } from './new-outcome.ts';
import type { Erasure } from './subjects.ts';
import type { Withdrawal } from './withdrawals.ts';

/** Something to be written down. */
export type Entry =
  | { readonly kind: 'intent'; readonly intent: Intent }
  | { readonly kind: 'outcome'; readonly outcome: NewOutcome }
  | { readonly kind: 'event'; readonly event: NewEvent }
  | { readonly kind: 'erasure'; readonly erasure: Erasure }
  | { readonly kind: 'withdrawal'; readonly withdrawal: Withdrawal };
