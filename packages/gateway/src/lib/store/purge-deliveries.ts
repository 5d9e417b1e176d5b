import { sql } from 'kysely';
import type { Session, Work } from '../database/connect.ts';
import { notHeld } from './holds.ts';

/** Which of the deliveries that were given up are meant. */
export interface PurgeFilter {
  readonly ids?: readonly string[];
  readonly endpointId?: string;
  /** Created at or after, and before; milliseconds since the Unix epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

/** How many deliveries a purge would delete. */
export async function countPurge(session: Session, filter: PurgeFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from guestpass.deliveries d where ${matching(filter)}`.execute(session);
  return rows[0]?.count ?? 0;
}

/** Deletes deliveries that were given up, and their tries, the oldest first. Returns how many. */
export async function deleteDead(work: Work, filter: PurgeFilter, limit: number | undefined): Promise<number> {
  const { rows } = await sql<{ id: string }>`
    with due as (
      select d.id from guestpass.deliveries d where ${matching(filter)}
      order by d.number limit ${limit ?? null} for update of d
    ), tries as (
      delete from guestpass.delivery_attempts where delivery_id in (select id from due)
    )
    delete from guestpass.deliveries d using due where d.id = due.id returning d.id`.execute(work);
  return rows.length;
}

/** Guests on hold are left alone. */
function matching({ ids, endpointId, fromMs, toMs }: PurgeFilter) {
  const at = (instantMs: number | undefined) => (instantMs === undefined ? null : new Date(instantMs));
  return sql`d.state = 'dead' and ${notHeld(sql.ref('d.attempt_id'))}
    and (${ids ? [...ids] : null}::text[] is null or d.id = any(${ids ? [...ids] : null}::text[]))
    and (${endpointId ?? null}::text is null or d.endpoint_id = ${endpointId ?? null}::text)
    and (${at(fromMs)}::timestamptz is null or d.created_at >= ${at(fromMs)}::timestamptz)
    and (${at(toMs)}::timestamptz is null or d.created_at < ${at(toMs)}::timestamptz)`;
}
