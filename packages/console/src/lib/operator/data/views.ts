/** What the operator API answers, as far as the console shows it. Instants are ISO 8601, spans milliseconds. */

/** Who is signed in, with the ids of the operations that the role allows. */
export interface SignedIn {
  readonly name: string;
  readonly role: string;
  readonly may: readonly string[];
}

export type Outcome = 'intent' | 'admitted' | 'refused' | 'failed' | 'unknown';

export const stageNames = ['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit', 'webhook'] as const;

export type StageName = (typeof stageNames)[number];

export interface Attempt {
  readonly id: string;
  readonly outcome: Outcome;
  readonly channelId: string | null;
  readonly guestId: string | null;
  readonly consentTimestamp: string | null;
  readonly consentWithdrawnAt: string | null;
  readonly captcha: {
    readonly provider: string;
    readonly verified: boolean;
    readonly score: number | null;
    /** The provider was out of service, and the channel let the guest in all the same. */
    readonly unavailable?: true;
  } | null;
  readonly startedAt: string;
  readonly settledAt: string | null;
  readonly stage: StageName | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly platformStatus: number | null;
  readonly retryAfterMs: number | null;
  readonly latencyMs: number | null;
  readonly durationMs: number | null;
  readonly stages: Readonly<Partial<Record<StageName, number>>> | null;
  readonly retries: number | null;
  readonly statusCodes: readonly number[] | null;
  readonly correlationId: string | null;
  /** Of the request that asked (W3C Trace Context). */
  readonly traceId: string | null;
}

/** To what a guest consented, where there is a receipt of it. */
export interface ConsentRecord {
  readonly receiptId: string;
  readonly receiptSha256: string;
  readonly controller: { readonly name: string; readonly contact: string };
  readonly notice: {
    readonly id: string;
    readonly version: string;
    readonly language: string;
    readonly url: string | null;
    /** Of the exact text that was shown. */
    readonly sha256: string;
  };
  readonly purposes: readonly string[];
  readonly storageDuration: string;
  readonly consent: {
    readonly state: 'given' | 'withdrawn' | 'expired';
    readonly method: string;
    /** As the website told it. */
    readonly claimedAt: string;
    readonly receivedAt: string;
    readonly expiresAt: string | null;
    readonly withdrawnAt: string | null;
  };
  readonly collection: { readonly origin: string | null; readonly page: string | null };
  readonly withdrawal: string;
}

/** One attempt in full. */
export interface AttemptDetail extends Attempt {
  /** `null` without a receipt, and once the guest is erased. */
  readonly consent: ConsentRecord | null;
}

export type DeliveryState = 'pending' | 'delivered' | 'dead' | 'held';

export interface Delivery {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly attemptId: string | null;
  readonly endpointId: string;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly nextAt: string | null;
  readonly createdAt: string;
  readonly settledAt: string | null;
}

export interface DeliveryTry {
  readonly number: number;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly outcome: string;
  readonly responseStatus: number | null;
  readonly responseExcerpt: string | null;
}

export interface DeliveryDetail extends Delivery {
  /** The earlier delivery about the same guest that comes first. */
  readonly waitsFor: string | null;
  readonly body: string | null;
  readonly attempts: readonly DeliveryTry[];
}

/** A delivery after a try of it, as the stream tells it. */
export interface DeliveryNews extends Omit<Delivery, 'nextAt' | 'settledAt'> {
  readonly lastTry: DeliveryTry;
}

export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly eventTypes: readonly string[] | null;
  readonly ordering: 'none' | 'guest';
  readonly enabled: boolean;
  readonly disabledReason: string | null;
  readonly failingSince: string | null;
  readonly failures: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface AuditRecord {
  readonly sequence: number;
  readonly eventType: string;
  readonly attemptId: string | null;
  readonly guestId: string | null;
  readonly recordedAt: string;
  readonly line: string;
  /** What is wrong with the record itself; `null` when nothing is. */
  readonly damage: string | null;
  readonly previousHash: string;
  readonly hash: string;
}

export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

export type Verification =
  | {
      readonly ok: true;
      readonly records: number;
      readonly head: ChainHead;
      readonly durationMs: number;
    }
  | {
      readonly ok: false;
      readonly sequence: number;
      readonly line: number;
      readonly kind: string;
      readonly detail: string;
      readonly durationMs: number;
    };

export interface ExportManifest {
  readonly head: ChainHead;
  /** The last signed statement of where the log stood. */
  readonly checkpoint: (ChainHead & { readonly timestamp: string }) | null;
}

export interface Erasure {
  readonly dryRun: boolean;
  readonly attemptIds: readonly string[];
  readonly deliveries: number;
}

/** Consents that were taken back by one request. */
export interface Withdrawn {
  readonly attemptIds: readonly string[];
}

/** One guest, kept for one matter. */
export interface Hold {
  readonly attemptId: string;
  readonly matter: string;
  readonly reason: string;
  readonly placedAt: string;
}

export interface ErrorCode {
  readonly code: string;
  readonly meaning: string;
  readonly cause: string;
  readonly remedy: string;
  readonly visitor: string;
  readonly retryable: boolean;
}

export interface Readiness {
  readonly status: 'ready' | 'not_ready';
  readonly checks?: readonly { readonly name: string; readonly ok: boolean; readonly detail?: string }[];
}

/** One setting of the gateway, as it is in force. */
export interface Setting {
  readonly name: string;
  /** `null` for a secret, for a setting that is not set, and for a default. */
  readonly value: string | null;
  /** Where it was set; `null` when it is not. */
  readonly origin: string | null;
  readonly secret: boolean;
  /** What is in force when it is not set, in words. */
  readonly fallback: string;
}

/** What a gateway runs with. */
export interface Configuration {
  readonly version: string;
  readonly node: string;
  readonly startedAt: string;
  readonly settings: readonly Setting[];
}

export interface Page<Item> {
  readonly data: readonly Item[];
  /** Asks for the next page; `null` on the last. */
  readonly nextCursor: string | null;
}
