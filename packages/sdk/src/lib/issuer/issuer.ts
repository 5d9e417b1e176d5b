import type { GuestPass } from '../contract/guest-pass.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import type { GuestpassError } from '../errors.ts';
import type { Try } from '../http/exchange.ts';

/** The ways into the platform: the tutorial's contract, and the published protocol of web messaging. */
export const issuerNames = ['rest', 'web-messaging'] as const;

export type IssuerName = (typeof issuerNames)[number];

/** What one call may spend, shared by all its stages. */
export interface Call {
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis. */
  readonly deadlineAt?: number;
  /** Sent to the platform; whether it makes a repeat harmless there is the platform's matter. */
  readonly idempotencyKey?: string;
}

/** What the platform made of one guest. */
export type Issue = Issued | NotIssued;

interface IssueFacts {
  /** Each try of the guest call, oldest first. */
  readonly tries: readonly Try[];
  readonly correlationId: string | null;
}

export interface Issued extends IssueFacts {
  readonly outcome: 'admitted';
  readonly guestPass: GuestPass;
}

export interface NotIssued extends IssueFacts {
  readonly outcome: 'failed' | 'unknown';
  readonly error: GuestpassError;
}

/** Turns a payload that policy let through into a guest pass. Every way into the platform has this shape. */
export interface Issuer {
  /**
   * Makes ready what costs but creates nothing, such as an access token. Returns the tries it took, at once when all was
   * ready; rejects with the {@link GuestpassError} that ends the attempt.
   */
  readonly prepare: (call: Call) => readonly Try[] | Promise<readonly Try[]>;
  readonly issue: (payload: GuestPayload, call: Call) => Promise<Issue>;
}
