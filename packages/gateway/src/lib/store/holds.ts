import { sql } from 'kysely';
import type { Database, Session, Work } from '../database/connect.ts';
import { lockHead } from './chain.ts';

/** What is to be kept, and why. */
export interface NewHold {
  readonly attemptIds: readonly string[];
  /** The case it is kept for, as the operator names it. */
  readonly matter: string;
  readonly reason: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
}

/** One guest, kept for one matter. */
export interface Hold {
  readonly number: number;
  readonly attempt_id: string;
  readonly matter: string;
  readonly reason: string;
  readonly placed_at: Date;
}

export interface HoldQuery {
  /** Holds at most, newest first. */
  readonly limit: number;
  /** The `number` of the last hold of the page before. */
  readonly after?: number;
}

/**
 * Guests whose data stays, whatever its age and whoever asks to erase it. All calls reject with `storage_unavailable`
 * when the database is in trouble.
 */
export interface HoldStore {
  /** Places a hold; one that is there stays as it is. Whatever is erased later leaves these guests alone. */
  place(hold: NewHold): Promise<void>;
  /** Lifts a hold. Returns the attempts that it held. */
  lift(attemptIds: readonly string[], matter: string): Promise<readonly string[]>;
  /** Which of these attempts are on hold, for one matter or for any. */
  held(attemptIds: readonly string[], matter?: string): Promise<readonly string[]>;
  list(query: HoldQuery): Promise<readonly Hold[]>;
}

export function createHoldStore(database: Database): HoldStore {
  return {
    place: (hold) =>
      database.transaction(async (work) => {
        // Erasure and retention look at the holds behind this lock, so that none slips in between.
        await lockHead(work);
        await insertHolds(work, hold);
      }),
    lift: (attemptIds, matter) => database.run((session) => deleteHolds(session, attemptIds, matter)),
    held: (attemptIds, matter) => database.run((session) => listHeld(session, attemptIds, matter)),
    list: (query) => database.run((session) => listHolds(session, query)),
  };
}

/** True, in SQL, for an attempt that nobody holds. */
export const notHeld = (attemptId: ReturnType<typeof sql.ref>) =>
  sql<boolean>`not exists (select from guestpass.legal_holds h where h.attempt_id = ${attemptId})`;

async function insertHolds(work: Work, { attemptIds, matter, reason, nowMs }: NewHold): Promise<void> {
  await sql`
    insert into guestpass.legal_holds (attempt_id, matter, reason, placed_at)
    select id, ${matter}, ${reason}, ${new Date(nowMs)} from guestpass.attempts where id = any(${[...attemptIds]}::text[])
    on conflict do nothing`.execute(work);
}

async function deleteHolds(session: Session, attemptIds: readonly string[], matter: string) {
  const { rows } = await sql<{ id: string }>`
    delete from guestpass.legal_holds where attempt_id = any(${[...attemptIds]}::text[]) and matter = ${matter}
    returning attempt_id as id`.execute(session);
  return rows.map(({ id }) => id);
}

async function listHeld(session: Session, attemptIds: readonly string[], matter?: string) {
  const { rows } = await sql<{ id: string }>`
    select distinct attempt_id as id from guestpass.legal_holds
    where attempt_id = any(${[...attemptIds]}::text[])
      and (${matter ?? null}::text is null or matter = ${matter ?? null}::text)`.execute(session);
  return rows.map(({ id }) => id);
}

async function listHolds(session: Session, { limit, after }: HoldQuery): Promise<readonly Hold[]> {
  const { rows } = await sql<Hold>`
    select number, attempt_id, matter, reason, placed_at from guestpass.legal_holds
    where ${after ?? null}::bigint is null or number < ${after ?? null}::bigint
    order by number desc limit ${limit}`.execute(session);
  return rows;
}
