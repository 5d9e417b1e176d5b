import type { Attempt } from 'guestpass';
import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { NewOutcome } from './new-outcome.ts';
import { guestPrint, type NewSubject } from './personal.ts';
import type { Seal } from './seal.ts';

/** What the rows hold sealed. */
export interface SealedOutcomes {
  /** By attempt. */
  readonly subjects: ReadonlyMap<string, NewSubject>;
  /** Made from the master key. */
  readonly seal: Seal;
}

/**
 * Turns intents into outcomes and returns the ids of those that were intents still. Keys of attempts that surely
 * created nothing are freed, so that the visitor may try again; the guest pass is kept, sealed, where a key may ask
 * for it again.
 */
export async function settleAttempts(
  work: Work,
  outcomes: readonly NewOutcome[],
  { subjects, seal }: SealedOutcomes,
): Promise<Set<string>> {
  if (outcomes.length === 0) return new Set();
  const rows = outcomes
    .filter(firstOfItsAttempt)
    .map((outcome) => ({ ...columnsOf(outcome), ...sealedColumns(outcome, subjects.get(outcome.attempt.id), seal) }));
  const { rows: settled } = await sql<{ id: string; status: string }>`
    update guestpass.attempts a
    set status = o.status, settled_at = o.settled_at, captcha_verified = o.captcha_verified,
      captcha_score = o.captcha_score, captcha_unavailable = o.captcha_unavailable, stage = o.stage, code = o.code, detail = o.detail,
      platform_status = o.platform_status, retry_after_ms = o.retry_after_ms, latency_ms = o.latency_ms,
      duration_ms = o.duration_ms, stages = o.stages, retries = o.retries,
      status_codes = array(select value::integer from jsonb_array_elements_text(o.status_codes)),
      sealed_person = decode(o.sealed_person, 'base64'), guest_print = decode(o.guest_print, 'base64'),
      sealed_pass = case
        when exists (select from guestpass.idempotency_keys k where k.attempt_id = a.id)
        then decode(o.sealed_pass, 'base64') end
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as o(
      id text, status text, settled_at timestamptz, captcha_verified boolean, captcha_score double precision,
      captcha_unavailable boolean, stage text, code text, detail text, platform_status integer, retry_after_ms double precision,
      latency_ms double precision, duration_ms double precision, stages jsonb, retries integer, status_codes jsonb,
      sealed_person text, guest_print text, sealed_pass text)
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

function columnsOf({ attempt, nowMs }: NewOutcome) {
  return {
    id: attempt.id,
    status: attempt.outcome,
    settled_at: new Date(nowMs).toISOString(),
    captcha_verified: attempt.captcha?.verified ?? null,
    captcha_score: attempt.captcha?.score ?? null,
    captcha_unavailable: attempt.captcha?.unavailable ?? null,
    latency_ms: attempt.latencyMs,
    duration_ms: attempt.durationMs,
    stages: attempt.stages,
    retries: attempt.retries,
    status_codes: attempt.statusCodes,
    ...(attempt.outcome !== 'admitted' && problem(attempt)),
  };
}

function sealedColumns({ attempt }: NewOutcome, subject: NewSubject | undefined, seal: Seal) {
  if (!subject) return {};
  const sealed_person = subject.sealedPerson.toString('base64');
  if (attempt.outcome !== 'admitted') return { sealed_person };
  const { guestPass } = attempt;
  return {
    sealed_person,
    guest_print: guestPrint(guestPass.guestId, seal).toString('base64'),
    sealed_pass: subject.seal.seal(JSON.stringify(guestPass), passOf(attempt.id)).toString('base64'),
  };
}

/** What the guest pass of an attempt is bound to. */
export function passOf(attemptId: string): string {
  return `pass of ${attemptId}`;
}

/** Details of what was asked of the platform are sealed; those of a refusal are our own words. */
function problem({ outcome, stage, error }: Exclude<Attempt, { readonly outcome: 'admitted' }>) {
  return {
    stage,
    code: error.code,
    detail: outcome === 'refused' ? error.detail : null,
    platform_status: error.status ?? null,
    retry_after_ms: error.retryAfterMs ?? null,
  };
}
