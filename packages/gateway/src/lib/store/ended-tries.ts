import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import { letFollow } from './guest-order.ts';
import type { NewDelivery } from './new-deliveries.ts';
import type { Seal } from './seal.ts';
import { readSeals } from './subjects.ts';

/** A try that has ended. */
export interface FinishedTry {
  /** 1 for the first try of the delivery. */
  readonly number: number;
  /** Milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** `delivered`, or what went wrong in one word. */
  readonly outcome: string;
  readonly responseStatus: number | null;
  /** At most 2 KiB, control characters escaped. */
  readonly responseExcerpt: string | null;
}

/** What follows from a try. */
export type Verdict =
  | { readonly state: 'delivered' | 'dead' | 'held' }
  | { readonly state: 'pending'; readonly nextAtMs: number };

/** Hands deliveries to the queue inside a transaction: due at once, or at `dueAtMs`. */
export type Announce = (work: Work, deliveries: readonly NewDelivery[], dueAtMs?: number) => Promise<void>;

/** A try to be put on record, and what follows from it. */
export interface TryEntry {
  readonly id: string;
  readonly finished: FinishedTry;
  readonly verdict: Verdict;
}

export interface TryTerms {
  readonly announce: Announce;
  /** Made from the master key. */
  readonly seal: Seal;
}

/** What the excerpt of an answer is bound to. */
export function tryOf(deliveryId: string, number: number): string {
  return `try ${number} of ${deliveryId}`;
}

/**
 * Puts tries on record and moves their deliveries to where they lead; the jobs of the next tries are written with them,
 * and those of what waited for one that is settled now. Tells for each whether it counted: the delivery was pending, and
 * nobody had put this try on record before.
 */
export async function keepTries(
  work: Work,
  ended: readonly TryEntry[],
  { announce, seal }: TryTerms,
): Promise<boolean[]> {
  const first = ended.filter(({ id }, index) => ended.findIndex((other) => other.id === id) === index);
  const moved = new Map((await moveDeliveries(work, first)).map((delivery) => [delivery.id, delivery]));
  const counted = first.filter(({ id }) => moved.has(id));
  // Asked of every endpoint: one may have come to want order since its delivery was locked.
  const settled = counted.flatMap(({ id, verdict }) => (verdict.state === 'pending' ? [] : [id]));
  const following = await insertTries(work, await sealedTries(work, counted, { moved, seal }), settled);
  for (const { id, verdict } of counted) {
    const delivery = moved.get(id);
    if (delivery && verdict.state === 'pending') await announce(work, [delivery], verdict.nextAtMs);
  }
  if (following.length > 0) await announce(work, following);
  return ended.map((one) => counted.includes(one));
}

async function moveDeliveries(work: Work, ended: readonly TryEntry[]): Promise<readonly NewDelivery[]> {
  const rows = ended.map(({ id, finished, verdict }) => {
    const { state } = verdict;
    return {
      id,
      state,
      number: finished.number,
      next_at: state === 'pending' ? isoOf(verdict.nextAtMs) : null,
      settled_at: state === 'delivered' || state === 'dead' ? isoOf(finished.startedAtMs + finished.durationMs) : null,
    };
  });
  const { rows: moved } = await sql<NewDelivery>`
    with locked as materialized (
      select id from guestpass.deliveries where id = any(${rows.map(({ id }) => id)}::text[]) order by id for no key update
    )
    update guestpass.deliveries d
    set state = t.state, tries = t.number, next_at = t.next_at, settled_at = t.settled_at, behind = null
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(
      id text, state text, number integer, next_at timestamptz, settled_at timestamptz) join locked using (id)
    where d.id = t.id and d.state = 'pending' and d.tries = t.number - 1
    returning d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.event_type as "eventType",
      d.attempt_id as "attemptId", d.tries`.execute(work);
  return moved;
}

interface SealedTries {
  readonly moved: ReadonlyMap<string, NewDelivery>;
  readonly seal: Seal;
}

/** What a receiver answered may repeat what it was told of the guest. Of a guest who was erased nothing is kept. */
async function sealedTries(work: Work, ended: readonly TryEntry[], { moved, seal: master }: SealedTries) {
  const attemptOf = ({ id }: TryEntry) => moved.get(id)?.attemptId ?? null;
  const answered = ended.filter(({ finished }) => finished.responseExcerpt !== null);
  const attemptIds = new Set(answered.flatMap((one) => attemptOf(one) ?? []));
  const seals = await readSeals(work, [...attemptIds], master);
  return ended.map((one) => {
    const { id, finished } = one;
    const seal = seals.get(attemptOf(one) ?? '');
    const excerpt = finished.responseExcerpt;
    const sealed = excerpt === null ? undefined : seal?.seal(excerpt, tryOf(id, finished.number));
    return {
      delivery_id: id,
      try: finished.number,
      started_at: isoOf(finished.startedAtMs),
      duration_ms: finished.durationMs,
      outcome: finished.outcome,
      response_status: finished.responseStatus,
      response_excerpt: seal === undefined ? excerpt : null,
      sealed_excerpt: sealed?.toString('base64') ?? null,
    };
  });
}

/**
 * Puts tries on record, and lets go of what waited for the settled deliveries, which is returned: one statement, which
 * begins after these were locked, and so sees all who were put behind them.
 */
async function insertTries(
  work: Work,
  rows: Awaited<ReturnType<typeof sealedTries>>,
  settledIds: readonly string[],
): Promise<readonly NewDelivery[]> {
  if (rows.length === 0) return [];
  const { rows: following } = await sql<NewDelivery>`
    with following as (${letFollow(settledIds)}), tries as (
      insert into guestpass.delivery_attempts (delivery_id, try, started_at, duration_ms, outcome, response_status,
        response_excerpt, sealed_excerpt)
      select delivery_id, try, started_at, duration_ms, outcome, response_status, response_excerpt,
        decode(sealed_excerpt, 'base64')
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(
        delivery_id text, try integer, started_at timestamptz, duration_ms double precision, outcome text,
        response_status integer, response_excerpt text, sealed_excerpt text)
    )
    select * from following`.execute(work);
  return following;
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
