import type { ErrorCode } from '../error-table.ts';
import type { CaptchaJudgement, Outcome, StageTimings } from '../guest/attempt.ts';

/** What an audit record tells. The first is the tutorial's own name. */
export type AuditEventType =
  | 'WEBMESSAGING_GUEST_AUTHENTICATED'
  | 'WEBMESSAGING_GUEST_REQUESTED'
  | 'WEBMESSAGING_GUEST_REFUSED'
  | 'WEBMESSAGING_GUEST_FAILED'
  | 'WEBMESSAGING_GUEST_UNKNOWN';

/** The intent: written before the platform is called. */
export interface GuestRequestedEvent {
  readonly eventType: 'WEBMESSAGING_GUEST_REQUESTED';
  readonly attemptId: string;
  readonly channelId: string;
  readonly consentTimestamp: string;
  readonly captchaProvider: string | null;
  /** ISO 8601 instant by our own clock. */
  readonly timestamp: string;
}

/** The outcome: the tutorial's eight fields, and ours. Holds no session token, no captcha answer and no attribute. */
export interface GuestOutcomeEvent {
  readonly eventType: Exclude<AuditEventType, 'WEBMESSAGING_GUEST_REQUESTED'>;
  readonly guestId: string | null;
  readonly channelId: string | null;
  readonly consentTimestamp: string | null;
  readonly captchaProvider: string | null;
  /** Milliseconds, two decimals. */
  readonly latencyMs: number;
  /** Percent of attempts so far that were admitted, refused ones left out; two decimals. */
  readonly successRate: number;
  readonly timestamp: string;
  readonly attemptId: string;
  readonly outcome: Outcome;
  readonly code: ErrorCode | null;
  readonly retries: number;
  readonly stages: StageTimings;
  readonly correlationId: string | null;
  readonly captcha: Omit<CaptchaJudgement, 'provider'> | null;
}

/** What goes on record of a guest. */
export type AuditEvent = GuestRequestedEvent | GuestOutcomeEvent;

/** An event in its place in the chain. */
export type AuditRecord = AuditEvent & {
  /** 1 for the first record of a log; each later one is one more. */
  readonly sequence: number;
  /** Hash of the record before; 64 zeros for the first. */
  readonly previousHash: string;
  /** Lower-case hex SHA-256 over the RFC 8785 form of the record without `hash`. */
  readonly hash: string;
};

/** Where records go. The sink owns the chain, because only it knows the last record. */
export interface AuditSink {
  /** Resolves once the record is as durable as this sink makes it; rejects with `storage_unavailable`. */
  record(event: AuditEvent): Promise<AuditRecord>;
  [Symbol.asyncDispose](): Promise<void>;
}
