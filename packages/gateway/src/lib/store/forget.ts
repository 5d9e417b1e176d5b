import { sql } from 'kysely';
import type { Session } from '../database/connect.ts';

/** Deletes idempotency keys whose time is up, by the clock of the database. */
export async function deleteExpiredKeys(session: Session): Promise<void> {
  await sql`delete from guestpass.idempotency_keys where expires_at <= clock_timestamp()`.execute(session);
}

/** Deletes the guest passes of attempts that ended before `beforeMs`. */
export async function deletePasses(session: Session, beforeMs: number): Promise<void> {
  await sql`
    update guestpass.attempts set sealed_pass = null
    where sealed_pass is not null and settled_at <= ${new Date(beforeMs)}`.execute(session);
}
