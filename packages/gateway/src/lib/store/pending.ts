import { sql } from 'kysely';
import type { Session } from '../database/connect.ts';

/** Counts the deliveries that are pending, and no further than `most`. */
export async function countPending(session: Session, most: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from guestpass.deliveries where state = 'pending' limit ${most}
    ) as pending`.execute(session);
  return rows[0]?.count ?? 0;
}
