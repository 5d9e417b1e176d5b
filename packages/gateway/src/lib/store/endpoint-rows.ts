import { sql, type Updateable } from 'kysely';
import type { Session, Work } from '../database/connect.ts';
import type { WebhookEndpointsTable } from '../database/tables.ts';

/** A row of `webhook_endpoints`, as read. */
export type EndpointRow = Omit<WebhookEndpointsTable, 'number' | 'enabled' | 'failures' | 'unwell' | 'ordering'> & {
  readonly number: number;
  readonly enabled: boolean;
  readonly failures: number;
  readonly unwell: boolean;
  readonly ordering: 'none' | 'guest';
};

export type NewEndpointRow = Pick<
  EndpointRow,
  'id' | 'url' | 'description' | 'event_types' | 'ordering' | 'sealed_secret'
>;

export async function insertEndpoint(session: Session, row: NewEndpointRow, nowMs: number): Promise<EndpointRow> {
  const now = new Date(nowMs);
  return await session
    .insertInto('guestpass.webhook_endpoints')
    .values({ ...row, event_types: row.event_types && [...row.event_types], created_at: now, updated_at: now })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Whoever else wants to add or change one waits until the transaction ends. */
export async function lockEndpoints(work: Work): Promise<void> {
  await sql`lock table guestpass.webhook_endpoints in share row exclusive mode`.execute(work);
}

export async function listEndpoints(session: Session): Promise<readonly EndpointRow[]> {
  return await session
    .selectFrom('guestpass.webhook_endpoints')
    .selectAll()
    .where('deleted_at', 'is', null)
    .orderBy('number')
    .execute();
}

export async function findEndpoint(session: Session, id: string): Promise<EndpointRow | undefined> {
  return await session
    .selectFrom('guestpass.webhook_endpoints')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
}

export async function findEndpoints(session: Session, ids: readonly string[]): Promise<readonly EndpointRow[]> {
  const { rows } = await sql<EndpointRow>`
    select * from guestpass.webhook_endpoints
    where id = any(${[...ids]}::text[]) and deleted_at is null`.execute(session);
  return rows;
}

export async function updateEndpoint(
  session: Session,
  id: string,
  columns: Updateable<WebhookEndpointsTable>,
): Promise<EndpointRow | undefined> {
  return await session
    .updateTable('guestpass.webhook_endpoints')
    .set(columns)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Only the first of several that find the endpoint at fault disables it. */
export async function disableEndpoint(
  session: Session,
  id: string,
  { reason, nowMs }: { readonly reason: string; readonly nowMs: number },
): Promise<boolean> {
  const { rows } = await sql`
    update guestpass.webhook_endpoints set enabled = false, disabled_reason = ${reason}, updated_at = ${new Date(nowMs)}
    where id = ${id} and enabled and deleted_at is null
    returning id`.execute(session);
  return rows.length === 1;
}

/** A failure of one event alone leaves the receiver as well as it was. */
export async function countFailure(
  session: Session,
  id: string,
  { isUnwell, nowMs }: { readonly isUnwell: boolean; readonly nowMs: number },
): Promise<EndpointRow | undefined> {
  const { rows } = await sql<EndpointRow>`
    update guestpass.webhook_endpoints
    set failures = failures + 1, failing_since = coalesce(failing_since, ${new Date(nowMs)}), unwell = unwell or ${isUnwell}
    where id = ${id} and deleted_at is null
    returning *`.execute(session);
  return rows[0];
}

/** The secret there is becomes the previous one. */
export async function replaceSecret(
  session: Session,
  id: string,
  {
    sealed,
    previousUntilMs,
    nowMs,
  }: { readonly sealed: Buffer; readonly previousUntilMs: number; readonly nowMs: number },
): Promise<boolean> {
  const { rows } = await sql`
    update guestpass.webhook_endpoints
    set sealed_previous_secret = sealed_secret, previous_secret_until = ${new Date(previousUntilMs)},
      sealed_secret = ${sealed}, updated_at = ${new Date(nowMs)}
    where id = ${id} and deleted_at is null
    returning id`.execute(session);
  return rows.length === 1;
}
