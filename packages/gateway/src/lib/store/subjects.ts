import { sql } from 'kysely';
import type { Session, Work } from '../database/connect.ts';
import { notHeld } from './holds.ts';
import { type NewSubject, openKey, type SubjectSeal } from './personal.ts';
import type { Seal } from './seal.ts';

/** Keeps the keys of guests. */
export async function insertKeys(work: Work, subjects: readonly NewSubject[]): Promise<void> {
  if (subjects.length === 0) return;
  const rows = subjects.map(({ attemptId, sealedKey, nowMs }) => ({
    id: attemptId,
    key: sealedKey.toString('base64'),
    created_at: new Date(nowMs).toISOString(),
  }));
  await sql`
    insert into guestpass.subject_keys (attempt_id, sealed_key, created_at)
    select id, decode(key, 'base64'), created_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s(id text, key text, created_at timestamptz)`.execute(
    work,
  );
}

/**
 * The seals of guests, by attempt: `null` for a guest who was erased, or whose key does not open; missing for an attempt
 * that left nothing personal.
 */
export async function readSeals(
  session: Session,
  attemptIds: readonly string[],
  master: Seal,
): Promise<ReadonlyMap<string, SubjectSeal | null>> {
  if (attemptIds.length === 0) return new Map();
  const { rows } = await sql<{ attempt_id: string; sealed_key: Buffer | null }>`
    select attempt_id, sealed_key from guestpass.subject_keys
    where attempt_id = any(${[...attemptIds]}::text[])`.execute(session);
  return new Map(rows.map((row) => [row.attempt_id, openKey(row.attempt_id, row.sealed_key, master) ?? null]));
}

/** An erasure that was asked for. */
export interface Erasure {
  readonly attemptId: string;
  /** Why, in the operator's words; goes into the audit log and names nobody. */
  readonly basis: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/**
 * Destroys the keys of guests, and with them what the audit log holds sealed; and takes away what stands outside of it:
 * the sealed bytes, the hash of the guest id, the guest pass, the trace of the request, the bodies of webhooks and what
 * receivers answered. Idempotency keys, which are hashes, stay for their day, so that a request that comes again makes no
 * new guest. Returns the attempts that were not erased before; those on hold are left alone.
 */
export async function eraseSubjects(work: Work, erasures: readonly Erasure[]): Promise<Set<string>> {
  if (erasures.length === 0) return new Set();
  const rows = erasures.map(({ attemptId, nowMs }) => ({ id: attemptId, at: new Date(nowMs).toISOString() }));
  const { rows: erased } = await sql<{ id: string }>`
    with asked as (select distinct on (id) id, at from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as e(id text, at timestamptz)),
    keys as (
      update guestpass.subject_keys k set sealed_key = null, erased_at = asked.at
      from asked where k.attempt_id = asked.id and k.sealed_key is not null
        and ${notHeld(sql.ref('k.attempt_id'))}
      returning k.attempt_id, k.erased_at
    ), attempts as (
      update guestpass.attempts set ${clearedAttempt}
      where id in (select attempt_id from keys)
    ), deliveries as (
      update guestpass.deliveries d set ${clearedDelivery(sql.ref('keys.erased_at'))}
      from keys where d.attempt_id = keys.attempt_id
    ), tries as (
      update guestpass.delivery_attempts set ${clearedTry}
      where delivery_id in (select d.id from guestpass.deliveries d join keys on d.attempt_id = keys.attempt_id)
    )
    select attempt_id as id from keys`.execute(work);
  return new Set(erased.map(({ id }) => id));
}

/** What an attempt loses with its guest. */
export const clearedAttempt = sql`guest_id = null, guest_print = null, sealed_person = null, sealed_pass = null,
  detail = null, correlation_id = null, traceparent = null`;

/** What a delivery `d` loses with its guest; one that is not settled is given up. */
export const clearedDelivery = (at: ReturnType<typeof sql.ref> | ReturnType<typeof sql.val>) => sql`body = null,
  sealed_body = null, next_at = null, state = case when d.state = 'delivered' then d.state else 'dead' end,
  settled_at = coalesce(d.settled_at, ${at})`;

/** What a try loses with its guest. */
export const clearedTry = sql`response_excerpt = null, sealed_excerpt = null`;
