import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import type { Session, Work } from '../database/connect.ts';
import { notHeld } from './holds.ts';
import type { NewOutcome } from './outcomes.ts';
import { type Seal, sealWith } from './seal.ts';

const prefix = 'sealed:';

/**
 * Gives each guest that was let in a key of its own and returns their ids sealed with it, by attempt. The keys
 * themselves are sealed with the master key.
 */
export async function sealGuestIds(
  work: Work,
  outcomes: readonly NewOutcome[],
  seal: Seal,
): Promise<Map<string, string>> {
  const sealed = new Map<string, string>();
  const rows = outcomes.flatMap(({ attempt, nowMs }) => {
    if (attempt.outcome !== 'admitted') return [];
    const key = randomBytes(32);
    sealed.set(attempt.id, prefix + sealWith(key).seal(attempt.guestPass.guestId, attempt.id).toString('base64url'));
    const wrapped = seal.seal(key, attempt.id).toString('base64');
    return { id: attempt.id, key: wrapped, created_at: new Date(nowMs).toISOString() };
  });
  if (rows.length === 0) return sealed;
  await sql`
    insert into guestpass.subject_keys (attempt_id, sealed_key, created_at)
    select id, decode(key, 'base64'), created_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as s(id text, key text, created_at timestamptz)`.execute(
    work,
  );
  return sealed;
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
 * Destroys the keys of guests, and what stands outside the audit log: ids, guest passes, the platform's ids of attempts,
 * the bodies of webhooks and what receivers answered. Returns the attempts that were not erased before; those on hold are left alone.
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
      update guestpass.attempts set guest_id = null, sealed_pass = null, correlation_id = null
      where id in (select attempt_id from keys)
    ), deliveries as (
      update guestpass.deliveries d set body = null, next_at = null,
        state = case when d.state = 'delivered' then d.state else 'dead' end,
        settled_at = coalesce(d.settled_at, keys.erased_at)
      from keys where d.attempt_id = keys.attempt_id
    ), tries as (
      update guestpass.delivery_attempts set response_excerpt = null
      where delivery_id in (select d.id from guestpass.deliveries d join keys on d.attempt_id = keys.attempt_id)
    )
    select attempt_id as id from keys`.execute(work);
  return new Set(erased.map(({ id }) => id));
}

/** Opens the guest ids of audit records, by attempt; those that were erased, and those that do not open, are missing. */
export async function openGuestIds(
  session: Session,
  records: readonly SealedRecord[],
  seal: Seal,
): Promise<ReadonlyMap<string, string>> {
  const sealed = records.flatMap((record) => sealedId(record) ?? []);
  if (sealed.length === 0) return new Map();
  const ids = sealed.map(({ attemptId }) => attemptId);
  const { rows } = await sql<{ attempt_id: string; sealed_key: Buffer }>`
    select attempt_id, sealed_key from guestpass.subject_keys
    where attempt_id = any(${ids}::text[]) and sealed_key is not null`.execute(session);
  const keys = new Map(rows.map((row) => [row.attempt_id, openOrNothing(seal, row.sealed_key, row.attempt_id)]));
  return new Map(
    sealed.flatMap(({ attemptId, text }) => {
      const key = keys.get(attemptId);
      const guestId = key && openOrNothing(sealWith(key), text, attemptId);
      return guestId === undefined ? [] : [[attemptId, guestId.toString()] as const];
    }),
  );
}

interface SealedRecord {
  readonly attempt_id: string | null;
  readonly line: string;
}

function sealedId({ attempt_id, line }: SealedRecord) {
  const guestId = guestIdOf(line);
  if (attempt_id === null || typeof guestId !== 'string' || !guestId.startsWith(prefix)) return undefined;
  return { attemptId: attempt_id, text: Buffer.from(guestId.slice(prefix.length), 'base64url') };
}

/** One damaged record must not hide the others. */
function guestIdOf(line: string): unknown {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null && 'guestId' in record ? record.guestId : undefined;
  } catch {
    return undefined;
  }
}

function openOrNothing(seal: Pick<Seal, 'open'>, sealed: Uint8Array, bound: string): Buffer | undefined {
  try {
    return seal.open(sealed, bound);
  } catch {
    return undefined;
  }
}
