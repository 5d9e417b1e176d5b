import type { GuestPayload } from '../contract/guest-payload.ts';
import type { Attempt, Outcome } from '../guest/attempt.ts';
import type { GuestOutcomeEvent, GuestRequestedEvent } from './event.ts';

/** The record written before the platform is called. */
export function guestRequested(attemptId: string, payload: GuestPayload, timestamp: string): GuestRequestedEvent {
  return {
    eventType: 'WEBMESSAGING_GUEST_REQUESTED',
    attemptId,
    channelId: payload.channelId,
    consentTimestamp: payload.consent.timestamp,
    captchaProvider: payload.captcha?.provider ?? null,
    timestamp,
  };
}

const typeOf: Record<Outcome, GuestOutcomeEvent['eventType']> = {
  admitted: 'WEBMESSAGING_GUEST_AUTHENTICATED',
  refused: 'WEBMESSAGING_GUEST_REFUSED',
  failed: 'WEBMESSAGING_GUEST_FAILED',
  unknown: 'WEBMESSAGING_GUEST_UNKNOWN',
};

/** The record written once the outcome is known. `successRate` counts this attempt in. */
export function guestOutcome(attempt: Attempt, successRate: number, timestamp: string): GuestOutcomeEvent {
  const { captcha } = attempt;
  return {
    eventType: typeOf[attempt.outcome],
    guestId: attempt.outcome === 'admitted' ? attempt.guestPass.guestId : null,
    channelId: attempt.channelId,
    consentTimestamp: attempt.consentTimestamp,
    captchaProvider: captcha?.provider ?? null,
    latencyMs: attempt.latencyMs,
    successRate,
    timestamp,
    attemptId: attempt.id,
    outcome: attempt.outcome,
    code: attempt.outcome === 'admitted' ? null : attempt.error.code,
    retries: attempt.retries,
    stages: { ...attempt.stages },
    correlationId: attempt.correlationId,
    captcha: captcha && {
      verified: captcha.verified,
      score: captcha.score,
      ...(captcha.unavailable && { unavailable: true }),
    },
  };
}
