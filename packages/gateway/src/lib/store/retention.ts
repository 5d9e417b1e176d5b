import { sql } from 'kysely';
import type { Database, Session, Work } from '../database/connect.ts';
import { append, lockHead } from './chain.ts';
import { notHeld } from './holds.ts';
import { clearedAttempt, clearedDelivery, clearedTry } from './subjects.ts';

/** What is to be forgotten now. */
export interface RetentionStep {
  /** What ended at or before this instant is due; milliseconds since the Unix epoch, as is `nowMs`. */
  readonly beforeMs: number;
  readonly nowMs: number;
}

/** What a step forgot. */
export interface Forgotten {
  readonly attempts: number;
  /** Keys of guests that were destroyed. */
  readonly keys: number;
  readonly deliveries: number;
}

/**
 * Forgets by age, some hundred attempts a step; guests on hold are left alone, and rows of the audit log are never
 * touched. Each step is one transaction with its own record in the audit log. One gateway of a fleet works at a time;
 * the others find nothing due meanwhile. Rejects with `storage_unavailable` when the database is in trouble.
 */
export interface RetentionStore {
  /**
   * Destroys keys of guests, and clears what is personal outside the audit log: what stands sealed there, the hashes of
   * guest ids, guest passes, idempotency keys, details and traces of attempts, bodies of webhooks and what receivers
   * answered. A `guest.erased` names the attempt alone: it stays, and is delivered if it was not yet. So does a
   * `consent.withdrawn` that was not delivered, without the guest id.
   */
  forgetPersonalData(step: RetentionStep): Promise<Forgotten>;
  /**
   * Deletes attempts with everything that belongs to them: deliveries, their tries, and what is left of keys. One of which
   * an erasure or a withdrawal is just being told waits until that has ended.
   */
  deleteAttempts(step: RetentionStep): Promise<Forgotten>;
}

export interface RetentionStoreOptions {
  readonly database: Database;
  /** Attempts in one step at most. Default 200. */
  readonly batch?: number;
}

export function createRetentionStore({ database, batch = 200 }: RetentionStoreOptions): RetentionStore {
  const step = async ({ beforeMs, nowMs }: RetentionStep, { eventType, find, forget }: Rule): Promise<Forgotten> =>
    await database.transaction(async (work) => {
      if (!(await hasTurn(work))) return nothing;
      const due = await find(work, beforeMs, batch);
      if (due.length === 0) return nothing;
      // The holds are looked at again behind the lock: one may have been placed since.
      const head = await lockHead(work);
      const forgotten = await forget(work, due, nowMs);
      if (forgotten.attempts === 0) return nothing;
      const event = { eventType, before: isoOf(beforeMs), ...forgotten, timestamp: isoOf(nowMs) };
      await append(work, head, [{ event, nowMs }]);
      return forgotten;
    });
  return {
    forgetPersonalData: (asked) => step(asked, personalData),
    deleteAttempts: (asked) => step(asked, wholeAttempts),
  };
}

interface Rule {
  readonly eventType: string;
  readonly find: (session: Session, beforeMs: number, limit: number) => Promise<readonly string[]>;
  readonly forget: (work: Work, attemptIds: readonly string[], nowMs: number) => Promise<Forgotten>;
}

const personalData: Rule = {
  eventType: 'WEBMESSAGING_RETENTION_PERSONAL_DATA_ERASED',
  find: findPersonal,
  forget: clearPersonal,
};

const wholeAttempts: Rule = {
  eventType: 'WEBMESSAGING_RETENTION_ATTEMPTS_DELETED',
  find: findOldest,
  forget: deleteWhole,
};

const nothing: Forgotten = { attempts: 0, keys: 0, deliveries: 0 };

/** Any number will do, as long as every gateway uses the same one and nothing else does. */
const lockKey = 0x6775_6574;

/** The turn ends with the transaction. */
export async function hasTurn(work: Work): Promise<boolean> {
  const { rows } = await sql<{ mine: boolean }>`select pg_try_advisory_xact_lock(${lockKey}) as mine`.execute(work);
  return rows[0]?.mine === true;
}

async function findPersonal(session: Session, beforeMs: number, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    select a.id from guestpass.attempts a
    where a.status <> 'intent' and a.forgotten_at is null and a.settled_at <= ${new Date(beforeMs)}
      and ${notHeld(sql.ref('a.id'))}
    order by a.settled_at limit ${limit}`.execute(session);
  return rows.map(({ id }) => id);
}

async function clearPersonal(work: Work, attemptIds: readonly string[], nowMs: number): Promise<Forgotten> {
  const at = new Date(nowMs);
  return await counted(
    sql<Forgotten>`
    with due as (${freeOf(attemptIds)}),
    keys as (
      update guestpass.subject_keys k set sealed_key = null, erased_at = ${at}
      from due where k.attempt_id = due.id and k.sealed_key is not null returning k.attempt_id
    ), idempotency as (
      delete from guestpass.idempotency_keys where attempt_id in (select id from due)
    ), untold as (
      update guestpass.deliveries d set sealed_body = null
      from due where d.attempt_id = due.id and ${isUntoldWithdrawal} returning d.id
    ), given_up as (
      update guestpass.deliveries d set ${clearedDelivery(sql.val(at))}
      from due where d.attempt_id = due.id and (d.body is not null or d.sealed_body is not null)
        and d.event_type <> 'guest.erased' and not (${isUntoldWithdrawal})
      returning d.id
    ), deliveries as (
      select id from untold union all select id from given_up
    ), tries as (
      update guestpass.delivery_attempts set ${clearedTry}
      where delivery_id in (select d.id from guestpass.deliveries d join due on d.attempt_id = due.id)
    ), attempts as (
      update guestpass.attempts a set ${clearedAttempt}, forgotten_at = ${at}
      from due where a.id = due.id returning a.id
    )
    ${counts}`.execute(work),
  );
}

/** Whom a receiver does not hear of now, it goes on working on against the guest's word. */
const isUntoldWithdrawal = sql`d.event_type = 'consent.withdrawn' and d.state <> 'delivered' and d.body is not null`;

/** Attempts are numbered as they begin, so that the oldest are found without a look at the others. */
async function findOldest(session: Session, beforeMs: number, limit: number): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with oldest as (
      select a.id, a.status, a.settled_at, a.number from guestpass.attempts a
      where a.number >= (select min(number) from guestpass.attempts a where ${notHeld(sql.ref('a.id'))})
      order by a.number limit ${10 * limit}
    )
    select id from oldest o
    where o.status <> 'intent' and o.settled_at <= ${new Date(beforeMs)} and ${notHeld(sql.ref('o.id'))}
      and ${isTold(sql.ref('o.id'))}
    order by o.number limit ${limit}`.execute(session);
  return rows.map(({ id }) => id);
}

async function deleteWhole(work: Work, attemptIds: readonly string[]): Promise<Forgotten> {
  return await counted(
    sql<Forgotten>`
    with due as (${freeOf(attemptIds)} and ${isTold(sql.ref('a.id'))}),
    keys as (
      delete from guestpass.subject_keys k using due where k.attempt_id = due.id returning k.sealed_key
    ), idempotency as (
      delete from guestpass.idempotency_keys where attempt_id in (select id from due)
    ), tries as (
      delete from guestpass.delivery_attempts
      where delivery_id in (select d.id from guestpass.deliveries d join due on d.attempt_id = due.id)
    ), deliveries as (
      delete from guestpass.deliveries d using due where d.attempt_id = due.id returning d.id
    ), attempts as (
      delete from guestpass.attempts a using due where a.id = due.id returning a.id
    )
    ${counts}`.execute(work),
  );
}

/** Tries end by themselves; what was given up or is held goes with the attempt. */
function isTold(attemptId: ReturnType<typeof sql.ref>) {
  return sql`not exists (select from guestpass.deliveries d where d.attempt_id = ${attemptId} and d.state = 'pending'
    and d.event_type in ('guest.erased', 'consent.withdrawn'))`;
}

function freeOf(attemptIds: readonly string[]) {
  return sql`select a.id from guestpass.attempts a where a.id = any(${[...attemptIds]}::text[])
    and ${notHeld(sql.ref('a.id'))}`;
}

const counts = sql`
  select (select count(*) from attempts) as attempts, (select count(*) from keys) as keys,
    (select count(*) from deliveries) as deliveries`;

async function counted(answer: Promise<{ readonly rows: readonly Forgotten[] }>): Promise<Forgotten> {
  return (await answer).rows[0] ?? nothing;
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
