import { type Attempt, type AttemptFacts, type CaptchaJudgement, type GuestPass, GuestpassError } from 'guestpass';
import type { Selectable } from 'kysely';
import type { AttemptsTable } from '../database/tables.ts';
import { passOf } from './outcomes.ts';
import { openKey, openOrNothing, openPerson, type Personal } from './personal.ts';
import type { Seal } from './seal.ts';

/** A row of `attempts`, as read. */
export type AttemptRow = Selectable<AttemptsTable>;

/** A row with the key of its guest; `null` when there is none, or not any more. */
export interface KeyedRow extends AttemptRow {
  readonly sealed_key: Buffer | null;
}

/**
 * The attempt a settled row tells of, or `undefined` for an intent. An admitted one whose guest pass is no longer kept
 * comes back as `unknown`: nothing can be handed to the visitor, and nothing may be created again.
 */
export function attemptOf(row: KeyedRow, seal: Seal): Attempt | undefined {
  const { status } = row;
  if (status === 'intent') return undefined;
  const person = openPerson(row, seal);
  const facts = factsOf(row, person);
  if (status !== 'admitted')
    return { outcome: status, stage: row.stage ?? 'guest', error: errorOf(row, person), ...facts };
  const guestPass = openPass(row, seal);
  if (guestPass) return { outcome: 'admitted', guestPass, ...facts };
  return { outcome: 'unknown', stage: 'guest', error: passGone(row.id), ...facts };
}

/** The outcome of an intent whose process is gone: it may have called the platform or not. */
export function orphaned(row: AttemptRow, nowMs: number): Attempt {
  const detail = 'The gateway that worked on this attempt stopped before its outcome was known.';
  const error = new GuestpassError('outcome_unknown', detail, { attemptId: row.id });
  const durationMs = Math.max(0, nowMs - row.started_at.getTime());
  return { outcome: 'unknown', stage: 'guest', error, ...factsOf(row, {}), durationMs };
}

/** What became of the captcha of an attempt, as its row tells it. */
export function captchaOf(row: CaptchaColumns): CaptchaJudgement | null {
  const { captcha_provider: provider, captcha_verified, captcha_score: score, captcha_unavailable } = row;
  if (provider === null) return null;
  return { provider, verified: captcha_verified === true, score, ...(captcha_unavailable && { unavailable: true }) };
}

type CaptchaColumns = Pick<
  AttemptRow,
  'captcha_provider' | 'captcha_verified' | 'captcha_score' | 'captcha_unavailable'
>;

function factsOf(row: AttemptRow, person: Personal): AttemptFacts {
  return {
    id: row.id,
    channelId: row.channel_id,
    consentTimestamp: row.consent_timestamp,
    captcha: captchaOf(row),
    startedAt: row.started_at.toISOString(),
    latencyMs: row.latency_ms ?? 0,
    durationMs: row.duration_ms ?? 0,
    stages: row.stages ?? {},
    retries: row.retries ?? 0,
    statusCodes: row.status_codes ?? [],
    correlationId: person.correlationId ?? row.correlation_id,
  };
}

function errorOf(row: AttemptRow, person: Personal): GuestpassError {
  const detail = person.detail ?? row.detail ?? 'The outcome of this attempt is not known.';
  return new GuestpassError(row.code ?? 'outcome_unknown', detail, {
    attemptId: row.id,
    ...(row.platform_status !== null && { status: row.platform_status }),
    ...(row.retry_after_ms !== null && { retryAfterMs: row.retry_after_ms }),
    ...(person.correlationId !== undefined && { correlationId: person.correlationId }),
  });
}

function openPass({ id, sealed_pass, sealed_key }: KeyedRow, master: Seal): GuestPass | undefined {
  const seal = openKey(id, sealed_key, master);
  const text = sealed_pass && seal && openOrNothing(seal, sealed_pass, passOf(id))?.toString();
  // A cast, because a value that opens is one we sealed.
  return text ? (JSON.parse(text) as GuestPass) : undefined;
}

function passGone(attemptId: string): GuestpassError {
  return new GuestpassError('outcome_unknown', 'The guest was let in, and the guest pass is no longer kept.', {
    attemptId,
    remedy: 'Start a new attempt with a new idempotency key when the guest still wants to chat.',
  });
}
