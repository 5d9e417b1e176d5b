import type { Attempt } from 'guestpass';
import type { EndedTry } from '../../jobs/deliver-webhook.ts';
import type { AttemptView } from '../../openapi/attempts.ts';
import type { DeliveryNews } from '../../openapi/stream.ts';

/** What the operators' stream tells. */
export type StreamEvent =
  | { readonly type: 'attempt'; readonly data: AttemptView }
  | { readonly type: 'delivery'; readonly data: DeliveryNews };

/** Tells of an attempt that has its outcome, as the list of attempts shows it. */
export function attemptEvent(attempt: Attempt, traceId: string | null = null): StreamEvent {
  const error = attempt.outcome === 'admitted' ? undefined : attempt.error;
  const settledAtMs = Date.parse(attempt.startedAt) + attempt.durationMs;
  const data: AttemptView = {
    id: attempt.id,
    outcome: attempt.outcome,
    channelId: attempt.channelId,
    guestId: attempt.outcome === 'admitted' ? attempt.guestPass.guestId : null,
    consentTimestamp: attempt.consentTimestamp,
    consentWithdrawnAt: null,
    captcha: attempt.captcha,
    startedAt: attempt.startedAt,
    settledAt: new Date(settledAtMs).toISOString(),
    stage: attempt.outcome === 'admitted' ? null : attempt.stage,
    code: error?.code ?? null,
    detail: error?.detail ?? null,
    platformStatus: error?.status ?? null,
    retryAfterMs: error?.retryAfterMs ?? null,
    latencyMs: attempt.latencyMs,
    durationMs: attempt.durationMs,
    stages: attempt.stages,
    retries: attempt.retries,
    statusCodes: [...attempt.statusCodes],
    correlationId: attempt.correlationId,
    traceId,
  };
  return { type: 'attempt', data };
}

/** Tells of a try of a delivery that ended at `endedAtMs` and is on record. */
export function deliveryEvent({ delivery, tried, state }: EndedTry, endedAtMs: number): StreamEvent {
  const number = delivery.tries + 1;
  const data: DeliveryNews = {
    id: delivery.id,
    eventId: delivery.event_id,
    eventType: delivery.event_type,
    attemptId: delivery.attempt_id,
    endpointId: delivery.endpoint_id,
    state,
    tries: number,
    createdAt: delivery.created_at.toISOString(),
    lastTry: {
      number,
      startedAt: new Date(endedAtMs - tried.durationMs).toISOString(),
      durationMs: tried.durationMs,
      outcome: tried.result === 'delivered' ? 'delivered' : (tried.failure ?? tried.result),
      responseStatus: tried.status ?? null,
      responseExcerpt: tried.responseExcerpt ?? null,
    },
  };
  return { type: 'delivery', data };
}
