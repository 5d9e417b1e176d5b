import type { Attempt } from 'guestpass';
import type { RecordedConsent } from './recorded-consent.ts';

/** What became of a guest, to be written down. */
export interface NewOutcome {
  readonly attempt: Attempt;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Of a guest that was let in with a receipt. */
  readonly consent?: RecordedConsent | undefined;
}
