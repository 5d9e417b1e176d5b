import type { ErrorCode } from '../error-table.ts';
import type { Attempt, Outcome } from '../guest/attempt.ts';

/** What became of a guest, as other systems are told. */
export type NoticeType = 'guest.authenticated' | 'guest.refused' | 'guest.failed' | 'guest.unknown';

/** What other systems are told about one guest, in the body form of Standard Webhooks 1.0. Holds no session token. */
export interface GuestNotice {
  readonly type: NoticeType;
  /** ISO 8601 instant. */
  readonly timestamp: string;
  readonly data: {
    readonly attemptId: string;
    /**
     * The number of the audit record: of two events about one attempt the higher one is the later. `null` when the record
     * could not be written.
     */
    readonly sequence: number | null;
    readonly guestId: string | null;
    readonly channelId: string | null;
    readonly consentTimestamp: string | null;
    readonly code: ErrorCode | null;
    readonly correlationId: string | null;
    /** There when the guest's captcha could not be verified, and the channel lets guests in all the same. */
    readonly captcha?: 'unavailable';
  };
}

const typeOf: Record<Outcome, NoticeType> = {
  admitted: 'guest.authenticated',
  refused: 'guest.refused',
  failed: 'guest.failed',
  unknown: 'guest.unknown',
};

/** Tells of an attempt; `sequence` is the number of its audit record. */
export function guestNotice(attempt: Attempt, timestamp: string, sequence: number | null): GuestNotice {
  return {
    type: typeOf[attempt.outcome],
    timestamp,
    data: {
      attemptId: attempt.id,
      sequence,
      guestId: attempt.outcome === 'admitted' ? attempt.guestPass.guestId : null,
      channelId: attempt.channelId,
      consentTimestamp: attempt.consentTimestamp,
      code: attempt.outcome === 'admitted' ? null : attempt.error.code,
      correlationId: attempt.correlationId,
      ...(attempt.captcha?.unavailable && { captcha: 'unavailable' }),
    },
  };
}
