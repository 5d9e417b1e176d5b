import type { GuestPass, SignedIn } from '../contract/guest-pass.ts';
import type { GuestPayload } from '../contract/guest-payload.ts';
import type { GuestpassError } from '../errors.ts';
import type { Try } from '../http/exchange.ts';
import type { TraceTry } from '../http/trace-context.ts';

/** The ways into the platform: the tutorial's contract, and the published protocol of web messaging for guests of both kinds. */
export const issuerNames = ['rest', 'web-messaging', 'authenticated-web-messaging'] as const;

/** The name of one of the ways into the platform. */
export type IssuerName = (typeof issuerNames)[number];

/** What one call may spend, shared by all its stages. */
export interface Call {
  readonly signal?: AbortSignal;
  /** Instant on the clock's monotonic axis. */
  readonly deadlineAt?: number;
  /** Sent to the platform; whether it makes a repeat harmless there is the platform's matter. */
  readonly idempotencyKey?: string;
  /** Follows each try of its calls over HTTP. */
  readonly trace?: TraceTry;
}

/** What the platform made of one guest. */
export type Issue = Issued | NotIssued;

interface IssueFacts {
  /** Each try of the guest call, oldest first. */
  readonly tries: readonly Try[];
  readonly correlationId: string | null;
}

/** The guest was created. */
export interface Issued extends IssueFacts {
  readonly outcome: 'admitted';
  readonly guestPass: GuestPass;
}

/** The guest was not created, or nobody knows. */
export interface NotIssued extends IssueFacts {
  readonly outcome: 'failed' | 'unknown';
  readonly error: GuestpassError;
}

/** What stands ready for one guest. */
export interface Ready {
  /** The tries it took, oldest first; none when all was ready before. */
  readonly tries: readonly Try[];
  /** What the guest's sign-in was exchanged for. */
  readonly signedIn?: SignedIn;
}

/** Turns a payload that policy let through into a guest pass. Every way into the platform has this shape. */
export interface Issuer {
  /** True when guests sign in: then the payload has to hold a sign-in, and else it may not. */
  readonly signsIn: boolean;
  /**
   * Makes ready what costs but creates no guest, such as an access token; at once when it was ready before. Rejects with
   * the {@link GuestpassError} that ends the attempt.
   */
  readonly prepare: (payload: GuestPayload, call: Call) => Ready | Promise<Ready>;
  readonly issue: (payload: GuestPayload, call: Call, ready: Ready) => Promise<Issue>;
}
