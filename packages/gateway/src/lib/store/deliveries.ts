import type { Selectable } from 'kysely';
import { sql } from 'kysely';
import type { Database, Session, Work } from '../database/connect.ts';
import type { DeliveriesTable, DeliveryAttemptsTable } from '../database/tables.ts';
import { type Announce, type FinishedTry, keepTries, type TryEntry, tryOf, type Verdict } from './ended-tries.ts';
import { createGroupCommit } from './group-commit.ts';
import { letAllGo, waitInLine } from './guest-order.ts';
import type { NewDelivery } from './new-deliveries.ts';
import { openKey, openOrNothing } from './personal.ts';
import { countPurge, deleteDead, type PurgeFilter } from './purge-deliveries.ts';
import { attemptSeal, type MasterKey, type Seal } from './seal.ts';

/** A delivery with the bytes that are sent; none are left of a guest who was erased. */
export type Delivery = Omit<Selectable<DeliveriesTable>, 'sealed_body'>;

/** A try as it went. */
export type DeliveryTry = Omit<DeliveryAttemptsTable, 'sealed_excerpt'>;

/** A delivery, and the request it tells of. */
export interface TracedDelivery extends Delivery {
  readonly traceparent: string | null;
}

export type DeliveryState = Delivery['state'];

export interface DeliveryQuery {
  /** Deliveries at most, newest first. */
  readonly limit: number;
  /** The `number` of the last delivery of the page before. */
  readonly after?: number;
  readonly state?: DeliveryState;
  readonly endpointId?: string;
  readonly attemptId?: string;
  /** Created at this instant or later, in milliseconds since the Unix epoch. */
  readonly fromMs?: number;
  /** Created before this instant. */
  readonly toMs?: number;
}

/** Which deliveries to bring back: exactly these, or all of a state and time. */
export interface ReplayFilter {
  readonly ids?: readonly string[];
  readonly state?: DeliveryState;
  readonly endpointId?: string;
  /** Created at or after, and before; milliseconds since the Unix epoch. */
  readonly fromMs?: number;
  readonly toMs?: number;
}

export interface ReplayOptions {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Deliveries at most, the oldest first. Default all of them. */
  readonly limit?: number;
}

/** Everything told or to be told to endpoints. All calls reject with `storage_unavailable` in database trouble. */
export interface DeliveryStore {
  get(id: string): Promise<Delivery | undefined>;
  /** Several at once, in no order; those that are not there are missing. */
  getAll(ids: readonly string[]): Promise<readonly TracedDelivery[]>;
  list(query: DeliveryQuery): Promise<readonly Omit<Delivery, 'body'>[]>;
  /** The tries of a delivery, oldest first. */
  tries(id: string): Promise<readonly DeliveryTry[]>;
  /**
   * Puts a try on record and moves the delivery to where it leads; the job of the next try is written with it. Tries
   * that end about the same time share a commit. Resolves with false, and changes nothing, when the delivery is not
   * pending or another worker has put this try on record.
   */
  recordTry(id: string, finished: FinishedTry, verdict: Verdict): Promise<boolean>;
  /**
   * Lets each of these whose endpoint wants order wait for the one right before it that is pending, for the same endpoint
   * and guest: until that one is delivered, given up or held it needs no job, and then gets one. Resolves with the ids of
   * those that wait.
   */
  waitInLine(ids: readonly string[]): Promise<readonly string[]>;
  /** Hands to the queue what waits for an earlier delivery to the same endpoint, which wants no order any more. */
  letAllGo(endpointId: string): Promise<void>;
  /** How many deliveries a replay would bring back. */
  countReplay(filter: ReplayFilter): Promise<number>;
  /**
   * Makes deliveries due again, same id and same bytes, and hands them to the queue in one transaction. Those that are
   * pending already, were erased, or belong to a disabled or removed endpoint are left as they are. Returns the ids.
   */
  replay(filter: ReplayFilter, options: ReplayOptions): Promise<readonly string[]>;
  /** How many deliveries a purge would delete. */
  countPurge(filter: PurgeFilter): Promise<number>;
  /**
   * Deletes deliveries that were given up, with their tries, the oldest first and `limit` at most; those about guests on
   * hold stay. Resolves with how many.
   */
  purge(filter: PurgeFilter, limit?: number): Promise<number>;
  /** Deliveries in each state. */
  count(): Promise<Readonly<Record<DeliveryState, number>>>;
  /**
   * Deliveries in each state but the one that most are in, which takes a look at those alone. What was given up or held
   * for an endpoint that was removed since is not counted: nobody is to have it.
   */
  undelivered(): Promise<Readonly<Record<Exclude<DeliveryState, 'delivered'>, number>>>;
  /** When the oldest pending delivery was created. */
  oldestPending(): Promise<Date | undefined>;
}

export interface DeliveryStoreOptions {
  readonly database: Database;
  /** Opens the keys of guests. */
  readonly masterKey: MasterKey;
  readonly announce: Announce;
}

export function createDeliveryStore({ database, masterKey, announce }: DeliveryStoreOptions): DeliveryStore {
  const seal = attemptSeal(masterKey);
  const tries = createGroupCommit<TryEntry, boolean>({
    // Nobody but the record waits for it, and a commit for many costs little more than one for few.
    lingerMs: 10,
    commit: (ended) => database.transaction((work) => keepTries(work, ended, { announce, seal })),
  });
  const getAll = (ids: readonly string[]) => database.run((session) => findDeliveries(session, ids, seal));
  return {
    getAll,
    get: async (id) => (await getAll([id]))[0],
    list: (query) => database.run((session) => listDeliveries(session, query)),
    tries: (id) => database.run((session) => listTries(session, id, seal)),
    recordTry: (id, finished, verdict) => tries.submit({ id, finished, verdict }),
    waitInLine: (ids) => database.transaction((work) => waitInLine(work, ids)),
    letAllGo: (endpointId) =>
      database.transaction(async (work) => {
        const free = await letAllGo(work, endpointId);
        if (free.length > 0) await announce(work, free);
      }),
    countReplay: (filter) => database.run((session) => countMatching(session, filter)),
    replay: (filter, options) =>
      database.transaction(async (work) => {
        const due = await makeDue(work, filter, options);
        if (due.length > 0) await announce(work, due);
        return due.map(({ id }) => id);
      }),
    countPurge: (filter) => database.run((session) => countPurge(session, filter)),
    purge: (filter, limit) => database.transaction((work) => deleteDead(work, filter, limit)),
    count: () => database.run(countStates),
    undelivered: () => database.run(countUndelivered),
    oldestPending: () => database.run(findOldestPending),
  };
}

interface SealedDelivery extends TracedDelivery {
  readonly sealed_body: Buffer | null;
  readonly sealed_key: Buffer | null;
}

async function findDeliveries(
  session: Session,
  ids: readonly string[],
  seal: Seal,
): Promise<readonly TracedDelivery[]> {
  if (ids.length === 0) return [];
  // An erasure is no part of the request that let the guest in.
  const { rows } = await sql<SealedDelivery>`
    select d.*, a.traceparent, k.sealed_key from guestpass.deliveries d
    left join guestpass.attempts a on a.id = d.attempt_id and d.event_type <> 'guest.erased'
    left join guestpass.subject_keys k on k.attempt_id = d.attempt_id
    where d.id = any(${[...ids]}::text[])`.execute(session);
  return rows.map(({ sealed_body, sealed_key, ...row }) => ({
    ...row,
    body: sealed_body ? openBody(row, { sealed_body, sealed_key }, seal) : row.body,
  }));
}

function openBody(
  { attempt_id, event_id }: Delivery,
  { sealed_body, sealed_key }: { readonly sealed_body: Buffer; readonly sealed_key: Buffer | null },
  master: Seal,
): Buffer | null {
  const seal = attempt_id === null ? undefined : openKey(attempt_id, sealed_key, master);
  return (seal && openOrNothing(seal, sealed_body, event_id)) ?? null;
}

async function listDeliveries(session: Session, query: DeliveryQuery): Promise<readonly Omit<Delivery, 'body'>[]> {
  const { limit, after, state, endpointId, attemptId, fromMs, toMs } = query;
  return await session
    .selectFrom('guestpass.deliveries')
    .select(['id', 'number', 'event_id', 'event_type', 'attempt_id', 'endpoint_id', 'state', 'tries'])
    .select(['next_at', 'created_at', 'settled_at', 'behind'])
    .$if(after !== undefined, (rows) => rows.where('number', '<', after ?? 0))
    .$if(state !== undefined, (rows) => rows.where('state', '=', state ?? 'pending'))
    .$if(endpointId !== undefined, (rows) => rows.where('endpoint_id', '=', endpointId ?? ''))
    .$if(attemptId !== undefined, (rows) => rows.where('attempt_id', '=', attemptId ?? ''))
    .$if(fromMs !== undefined, (rows) => rows.where('created_at', '>=', new Date(fromMs ?? 0)))
    .$if(toMs !== undefined, (rows) => rows.where('created_at', '<', new Date(toMs ?? 0)))
    .orderBy('number', 'desc')
    .limit(limit)
    .execute();
}

async function listTries(session: Session, id: string, master: Seal): Promise<readonly DeliveryTry[]> {
  type Row = DeliveryAttemptsTable & { readonly attempt_id: string | null; readonly sealed_key: Buffer | null };
  const { rows } = await sql<Row>`
    select t.*, d.attempt_id, k.sealed_key from guestpass.delivery_attempts t
    join guestpass.deliveries d on d.id = t.delivery_id
    left join guestpass.subject_keys k on k.attempt_id = d.attempt_id
    where t.delivery_id = ${id} order by t.try`.execute(session);
  return rows.map(({ attempt_id, sealed_key, sealed_excerpt, ...row }) => {
    const seal = attempt_id === null ? undefined : openKey(attempt_id, sealed_key, master);
    const excerpt = seal && sealed_excerpt && openOrNothing(seal, sealed_excerpt, tryOf(id, row.try));
    return { ...row, response_excerpt: excerpt?.toString() ?? row.response_excerpt };
  });
}

/** What a filter means: `d` is the delivery, `e` its endpoint. */
function matching({ ids, state, endpointId, fromMs, toMs }: ReplayFilter) {
  const at = (instantMs: number | undefined) => (instantMs === undefined ? null : new Date(instantMs));
  return sql`d.state <> 'pending' and (d.body is not null or d.sealed_body is not null) and e.enabled and e.deleted_at is null
    and (${ids ? [...ids] : null}::text[] is null or d.id = any(${ids ? [...ids] : null}::text[]))
    and (${state ?? null}::text is null or d.state = ${state ?? null}::text)
    and (${endpointId ?? null}::text is null or d.endpoint_id = ${endpointId ?? null}::text)
    and (${at(fromMs)}::timestamptz is null or d.created_at >= ${at(fromMs)}::timestamptz)
    and (${at(toMs)}::timestamptz is null or d.created_at < ${at(toMs)}::timestamptz)`;
}

async function countMatching(session: Session, filter: ReplayFilter): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from guestpass.deliveries d join guestpass.webhook_endpoints e on e.id = d.endpoint_id
    where ${matching(filter)}`.execute(session);
  return rows[0]?.count ?? 0;
}

async function makeDue(
  work: Work,
  filter: ReplayFilter,
  { nowMs, limit }: ReplayOptions,
): Promise<readonly NewDelivery[]> {
  const { rows } = await sql<NewDelivery>`
    update guestpass.deliveries set state = 'pending', next_at = ${new Date(nowMs)}, settled_at = null, behind = null
    where id in (
      select d.id from guestpass.deliveries d join guestpass.webhook_endpoints e on e.id = d.endpoint_id
      where ${matching(filter)} order by d.number limit ${limit ?? null} for update of d)
    returning id, endpoint_id as "endpointId", event_id as "eventId", event_type as "eventType",
      attempt_id as "attemptId", tries`.execute(work);
  return rows;
}

async function countStates(session: Session): Promise<Readonly<Record<DeliveryState, number>>> {
  const { rows } = await sql<{ state: DeliveryState; count: number }>`
    select state, count(*) as count from guestpass.deliveries group by state`.execute(session);
  const none: Record<DeliveryState, number> = { pending: 0, delivered: 0, dead: 0, held: 0 };
  return { ...none, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
}

async function countUndelivered(session: Session) {
  const { rows } = await sql<{ state: DeliveryState; count: number }>`
    select d.state, count(*) as count from guestpass.deliveries d
    join guestpass.webhook_endpoints e on e.id = d.endpoint_id
    where d.state <> 'delivered' and (d.state = 'pending' or e.deleted_at is null)
    group by d.state`.execute(session);
  const none = { pending: 0, dead: 0, held: 0 };
  return { ...none, ...Object.fromEntries(rows.map(({ state, count }) => [state, count])) };
}

async function findOldestPending(session: Session): Promise<Date | undefined> {
  const { rows } = await sql<{ created_at: Date }>`
    select created_at from guestpass.deliveries where state = 'pending' order by number limit 1`.execute(session);
  return rows[0]?.created_at;
}
