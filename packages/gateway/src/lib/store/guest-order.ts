import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { NewDelivery } from './new-deliveries.ts';

/**
 * Puts each of these deliveries behind the one right before it that is pending, for the same endpoint and guest, where
 * the endpoint wants order. Returns those that wait now; whoever settles the one before lets them go.
 */
export async function waitInLine(work: Work, ids: readonly string[]): Promise<readonly string[]> {
  const earlier = await lockEarlier(work, ids);
  if (earlier.length === 0) return [];
  const { rows } = await sql<{ id: string }>`
    with line as (
      select distinct on (d.id) d.id, e.id as behind
      from guestpass.deliveries d join guestpass.deliveries e
        on e.attempt_id = d.attempt_id and e.endpoint_id = d.endpoint_id and e.number < d.number
      where d.id = any(${[...ids]}::text[]) and e.id = any(${[...earlier]}::text[])
      order by d.id, e.number desc
    )
    update guestpass.deliveries d set behind = line.behind
    from line where d.id = line.id and d.state = 'pending'
    returning d.id`.execute(work);
  return rows.map(({ id }) => id);
}

/**
 * What is pending before these. Whoever wants to settle one of them, or to have no order any more, waits until the
 * transaction ends, and then finds who waits. All go by the id, so that none has what the other waits for.
 */
async function lockEarlier(work: Work, ids: readonly string[]): Promise<readonly string[]> {
  const { rows } = await sql<{ id: string }>`
    with ordered as materialized (
      select id from guestpass.webhook_endpoints
      where ordering = 'guest' and id in (select endpoint_id from guestpass.deliveries where id = any(${[...ids]}::text[]))
      order by id for share
    )
    select e.id from guestpass.deliveries d join ordered o on o.id = d.endpoint_id join guestpass.deliveries e
      on e.attempt_id = d.attempt_id and e.endpoint_id = d.endpoint_id and e.number < d.number
    where d.id = any(${[...ids]}::text[]) and e.state = 'pending'
    order by e.id for share of e`.execute(work);
  return rows.map(({ id }) => id);
}

/**
 * Lets deliveries go that waited for these, which the transaction has locked in a statement before. Returns them: they
 * need a job.
 */
export function letFollow(settledIds: readonly string[]) {
  return sql<NewDelivery>`
    update guestpass.deliveries set behind = null
    where behind = any(${[...settledIds]}::text[]) and state = 'pending'
    returning id, endpoint_id as "endpointId", event_id as "eventId", event_type as "eventType",
      attempt_id as "attemptId", tries`;
}

/** Lets all deliveries to an endpoint go that wait for others. Returns them: they need a job. */
export async function letAllGo(work: Work, endpointId: string): Promise<readonly NewDelivery[]> {
  const { rows } = await sql<NewDelivery>`
    update guestpass.deliveries set behind = null
    where behind is not null and endpoint_id = ${endpointId} and state = 'pending'
    returning id, endpoint_id as "endpointId", event_id as "eventId", event_type as "eventType",
      attempt_id as "attemptId", tries`.execute(work);
  return rows;
}
