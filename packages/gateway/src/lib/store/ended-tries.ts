import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import type { NewDelivery } from './new-deliveries.ts';

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

/**
 * Puts tries on record and moves their deliveries to where they lead; the jobs of the next tries are written with them.
 * Tells for each whether it counted: the delivery was pending, and nobody had put this try on record before.
 */
export async function keepTries(work: Work, ended: readonly TryEntry[], announce: Announce): Promise<boolean[]> {
  const first = ended.filter(({ id }, index) => ended.findIndex((other) => other.id === id) === index);
  const moved = new Map((await moveDeliveries(work, first)).map((delivery) => [delivery.id, delivery]));
  const counted = first.filter(({ id }) => moved.has(id));
  await insertTries(work, counted);
  for (const { id, verdict } of counted) {
    const delivery = moved.get(id);
    if (delivery && verdict.state === 'pending') await announce(work, [delivery], verdict.nextAtMs);
  }
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
    update guestpass.deliveries d
    set state = t.state, tries = t.number, next_at = t.next_at, settled_at = t.settled_at
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(
      id text, state text, number integer, next_at timestamptz, settled_at timestamptz)
    where d.id = t.id and d.state = 'pending' and d.tries = t.number - 1
    returning d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.event_type as "eventType",
      d.attempt_id as "attemptId", d.tries`.execute(work);
  return moved;
}

async function insertTries(work: Work, ended: readonly TryEntry[]): Promise<void> {
  if (ended.length === 0) return;
  const rows = ended.map(({ id, finished }) => ({
    delivery_id: id,
    try: finished.number,
    started_at: isoOf(finished.startedAtMs),
    duration_ms: finished.durationMs,
    outcome: finished.outcome,
    response_status: finished.responseStatus,
    response_excerpt: finished.responseExcerpt,
  }));
  await sql`
    insert into guestpass.delivery_attempts (delivery_id, try, started_at, duration_ms, outcome, response_status,
      response_excerpt)
    select delivery_id, try, started_at, duration_ms, outcome, response_status, response_excerpt
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as t(
      delivery_id text, try integer, started_at timestamptz, duration_ms double precision, outcome text,
      response_status integer, response_excerpt text)`.execute(work);
}

function isoOf(instantMs: number): string {
  return new Date(instantMs).toISOString();
}
