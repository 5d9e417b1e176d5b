import type { Attempt } from 'guestpass';
import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { RecordedConsent } from './recorded-consent.ts';
import type { Seal } from './seal.ts';

/** What became of a guest, to be written down. */
export interface NewOutcome {
  readonly attempt: Attempt;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Of a guest that was let in with a receipt. */
  readonly consent?: RecordedConsent | undefined;
}

/**
 * Turns intents into outcomes and returns the ids of those that were intents still. Keys of attempts that surely
 * created nothing are freed, so that the visitor may try again; the guest pass is kept, sealed, where a key may ask
 * for it again.
 */
export async function settleAttempts(work: Work, outcomes: readonly NewOutcome[], seal: Seal): Promise<Set<string>> {
  if (outcomes.length === 0) return new Set();
  const rows = outcomes.filter(firstOfItsAttempt).map((outcome) => columnsOf(outcome, seal));
  const { rows: settled } = await sql<{ id: string; status: string }>`
    update guestpass.attempts a
    set status = o.status, settled_at = o.settled_at, captcha_verified = o.captcha_verified,
      captcha_score = o.captcha_score, guest_id = o.guest_id, stage = o.stage, code = o.code, detail = o.detail,
      platform_status = o.platform_status, retry_after_ms = o.retry_after_ms, latency_ms = o.latency_ms,
      duration_ms = o.duration_ms, stages = o.stages, retries = o.retries,
      status_codes = array(select value::integer from jsonb_array_elements_text(o.status_codes)),
      correlation_id = o.correlation_id,
      sealed_pass = case
        when exists (select from guestpass.idempotency_keys k where k.attempt_id = a.id)
        then decode(o.sealed_pass, 'base64') end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as o(
      id text, status text, settled_at timestamptz, captcha_verified boolean, captcha_score double precision,
      guest_id text, stage text, code text, detail text, platform_status integer, retry_after_ms double precision,
      latency_ms double precision, duration_ms double precision, stages jsonb, retries integer, status_codes jsonb,
      correlation_id text, sealed_pass text)
    where a.id = o.id and a.status = 'intent'
    returning a.id, a.status`.execute(work);
  await freeKeys(
    work,
    settled.flatMap(({ id, status }) => (status === 'refused' || status === 'failed' ? [id] : [])),
  );
  return new Set(settled.map(({ id }) => id));
}

/** An attempt has one outcome, whichever comes first. */
function firstOfItsAttempt({ attempt }: NewOutcome, index: number, outcomes: readonly NewOutcome[]): boolean {
  return outcomes.findIndex((other) => other.attempt.id === attempt.id) === index;
}

async function freeKeys(work: Work, attemptIds: readonly string[]): Promise<void> {
  if (attemptIds.length === 0) return;
  await sql`delete from guestpass.idempotency_keys where attempt_id = any(${attemptIds}::text[])`.execute(work);
}

function columnsOf({ attempt, nowMs }: NewOutcome, seal: Seal) {
  return {
    id: attempt.id,
    status: attempt.outcome,
    settled_at: new Date(nowMs).toISOString(),
    captcha_verified: attempt.captcha?.verified ?? null,
    captcha_score: attempt.captcha?.score ?? null,
    latency_ms: attempt.latencyMs,
    duration_ms: attempt.durationMs,
    stages: attempt.stages,
    retries: attempt.retries,
    status_codes: attempt.statusCodes,
    correlation_id: attempt.correlationId,
    ...(attempt.outcome === 'admitted' ? admission(attempt.guestPass, attempt.id, seal) : problem(attempt)),
  };
}

function admission(guestPass: { readonly guestId: string }, attemptId: string, seal: Seal) {
  const sealed = seal.seal(JSON.stringify(guestPass), attemptId);
  return { guest_id: guestPass.guestId, sealed_pass: sealed.toString('base64') };
}

function problem({ stage, error }: Exclude<Attempt, { readonly outcome: 'admitted' }>) {
  return {
    stage,
    code: error.code,
    detail: error.detail,
    platform_status: error.status ?? null,
    retry_after_ms: error.retryAfterMs ?? null,
  };
}
