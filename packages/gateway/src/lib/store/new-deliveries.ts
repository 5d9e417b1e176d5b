import { randomUUID } from 'node:crypto';
import type { GuestNotice } from 'guestpass';
import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { SubjectSeal } from './personal.ts';

/** A delivery just written, for the queue to take up. */
export interface NewDelivery {
  readonly id: string;
  readonly endpointId: string;
  /** `webhook-id`: the same on every try. */
  readonly eventId: string;
  readonly eventType: string;
  readonly attemptId: string | null;
  /** Tries made before; what the queue takes up is the next one. */
  readonly tries: number;
}

/** What is to be told, and when it happened. */
export interface News {
  readonly notice: Notice;
  readonly attemptId: string | null;
  readonly nowMs: number;
  /** Of the guest it is about, who has a key. Default: it is about nobody. */
  readonly seal?: SubjectSeal;
  /** What is told in its place once that guest is forgotten by age. Default nothing is told any more. */
  readonly nameless?: Notice | undefined;
}

type Notice = Pick<GuestNotice, 'timestamp'> & { readonly type: string; readonly data: object };

interface Listener {
  readonly id: string;
  readonly event_types: readonly string[] | null;
  readonly enabled: boolean;
}

/**
 * Writes one delivery for each endpoint that wants to hear of an event, body and all, sealed where it is about a guest. Those of a disabled endpoint are
 * held. Returns the ones that are due.
 */
export async function insertDeliveries(work: Work, news: readonly News[]): Promise<readonly NewDelivery[]> {
  if (news.length === 0) return [];
  const listeners = await listListeners(work);
  const rows = news.flatMap((item) => rowsOf(item, listeners));
  if (rows.length === 0) return [];
  await sql`
    insert into guestpass.deliveries (id, event_id, event_type, attempt_id, endpoint_id, body, sealed_body, state, next_at,
      created_at)
    select id, event_id, event_type, attempt_id, endpoint_id, decode(body, 'base64'), decode(sealed_body, 'base64'), state,
      case when state = 'pending' then created_at end, created_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as d(
      id text, event_id text, event_type text, attempt_id text, endpoint_id text, body text, sealed_body text, state text,
      created_at timestamptz)`.execute(work);
  return rows.flatMap((row) =>
    row.state === 'pending'
      ? {
          id: row.id,
          endpointId: row.endpoint_id,
          eventId: row.event_id,
          eventType: row.event_type,
          attemptId: row.attempt_id,
          tries: 0,
        }
      : [],
  );
}

async function listListeners(work: Work): Promise<readonly Listener[]> {
  const { rows } = await sql<Listener>`
    select id, event_types, enabled from guestpass.webhook_endpoints where deleted_at is null order by number`.execute(
    work,
  );
  return rows;
}

function rowsOf({ notice, nameless, attemptId, nowMs, seal }: News, listeners: readonly Listener[]) {
  const wanting = listeners.filter(({ event_types }) => event_types === null || event_types.includes(notice.type));
  if (wanting.length === 0) return [];
  const event_id = `evt_${randomUUID()}`;
  // Written once: every endpoint and every try gets these very bytes.
  const text = JSON.stringify(notice);
  const plain = seal ? nameless && JSON.stringify(nameless) : text;
  const body = {
    ...(seal && { sealed_body: seal.seal(text, event_id).toString('base64') }),
    ...(plain !== undefined && { body: Buffer.from(plain).toString('base64') }),
  };
  return wanting.map(({ id, enabled }) => ({
    id: `dlv_${randomUUID()}`,
    event_id,
    event_type: notice.type,
    attempt_id: attemptId,
    endpoint_id: id,
    ...body,
    state: enabled ? ('pending' as const) : ('held' as const),
    created_at: new Date(nowMs).toISOString(),
  }));
}
