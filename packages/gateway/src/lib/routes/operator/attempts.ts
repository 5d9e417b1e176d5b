import type { Clock } from 'guestpass';
import { parseTraceparent } from 'guestpass/http';
import type * as z from 'zod';
import { standingConsent } from '../../consent/consent-state.ts';
import { type AttemptView, getAttempt, listAttempts } from '../../openapi/attempts.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { AttemptQuery, AttemptSummary } from '../../store/list-attempts.ts';
import { captchaOf } from '../../store/stored-attempt.ts';
import type { Journal } from './journal.ts';
import { pageOf, pageQuery } from './page.ts';
import { notFound, type OperatorRoute, route } from './route.ts';

export interface AttemptRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get'>;
  readonly journal: Journal;
  readonly clock: Clock;
}

/** Whoever opens an attempt or looks for a guest is on record; whoever leafs through the list is not. */
export function createAttemptRoutes({ attempts, journal, clock }: AttemptRoutesOptions): readonly OperatorRoute[] {
  return [
    route(listAttempts, async ({ query, ...caller }) => {
      const rows = await attempts.list({ ...pageQuery(query), ...attemptFilter(query) });
      // A guest is told by the attempts, because no erasure could take the guest's id out of the log.
      const attemptIds = rows.map(({ id }) => id);
      if (query.guest !== undefined) await journal(caller, { eventType: 'OPERATOR_GUEST_SEARCH', attemptIds });
      return Response.json(pageOf(rows, query, { view: attemptView, cursor: ({ number }) => number }));
    }),
    route(getAttempt, async ({ params, ...caller }) => {
      const row = await attempts.get(params.id);
      if (!row) return notFound;
      await journal(caller, { eventType: 'OPERATOR_ATTEMPT_READ', attemptId: row.id });
      const consent = row.consent && standingConsent(row.consent, row.consent_withdrawn_at, clock.now());
      return Response.json({ ...attemptView(row), consent });
    }),
  ];
}

type AskedAttempts = Pick<z.infer<NonNullable<typeof listAttempts.query>>, 'outcome' | 'code' | 'channel' | 'guest'>;

/** Which attempts are asked for, in the words of the store. */
export function attemptFilter({ outcome, code, channel, guest }: AskedAttempts): Omit<AttemptQuery, 'limit'> {
  return {
    ...(outcome && { status: outcome }),
    ...(code && { code }),
    ...(channel !== undefined && { channelId: channel }),
    ...(guest !== undefined && { guestId: guest }),
  };
}

/** An attempt as it is told. */
export function attemptView(row: AttemptSummary): AttemptView {
  return {
    id: row.id,
    outcome: row.status,
    channelId: row.channel_id,
    guestId: row.guest_id,
    consentTimestamp: row.consent_timestamp,
    consentWithdrawnAt: row.consent_withdrawn_at?.toISOString() ?? null,
    captcha: captchaOf(row),
    startedAt: row.started_at.toISOString(),
    settledAt: row.settled_at?.toISOString() ?? null,
    stage: row.stage,
    code: row.code,
    detail: row.detail,
    platformStatus: row.platform_status,
    retryAfterMs: row.retry_after_ms,
    latencyMs: row.latency_ms,
    durationMs: row.duration_ms,
    stages: row.stages,
    retries: row.retries,
    statusCodes: row.status_codes,
    correlationId: row.correlation_id,
    traceId: parseTraceparent(row.traceparent)?.traceId ?? null,
  };
}
