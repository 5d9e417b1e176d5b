import { sql } from 'kysely';
import type { Database, Session } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

/** What happened under one key in one slot of time. */
export interface RateCount {
  readonly key: string;
  /** Milliseconds since the Unix epoch: where the slot begins. */
  readonly slotAt: number;
  readonly count: number;
}

/** What the gateways of one database have counted together. */
export interface RateCounts {
  /** Adds to the counts, in one statement, and resolves with all that is counted since `sinceMs` under their keys. */
  add(counts: readonly RateCount[], sinceMs: number): Promise<readonly RateCount[]>;
  /** Deletes the counts of slots that began before `beforeMs`. */
  forget(beforeMs: number): Promise<void>;
}

/** Keys may name visitors' addresses, so only their keyed hashes are stored. */
export function createRateCounts(database: Database, masterKey: MasterKey): RateCounts {
  const seal = createSeal(masterKey, 'rates');
  return {
    async add(counts, sinceMs) {
      const named = new Map(counts.map(({ key }) => [seal.fingerprint(key).toString('base64'), key]));
      const rows = counts.map((count) => ({ ...count, key: seal.fingerprint(count.key).toString('base64') }));
      const found = await database.run((session) => addCounts(session, rows, new Date(sinceMs)));
      return found.flatMap(({ key, slot_at, count }) => {
        const name = named.get(key);
        return name === undefined ? [] : [{ key: name, slotAt: slot_at.getTime(), count }];
      });
    },
    async forget(beforeMs) {
      await database.run((session) =>
        sql`delete from guestpass.rate_counts where slot_at < ${new Date(beforeMs)}`.execute(session),
      );
    },
  };
}

interface CountRow {
  /** Base64. */
  readonly key: string;
  readonly slot_at: Date;
  readonly count: number;
}

/**
 * The rows just written are locked, so whoever writes the same ones next sees them. All write in the same order and
 * never wait for each other in a circle.
 */
async function addCounts(session: Session, rows: readonly RateCount[], since: Date): Promise<readonly CountRow[]> {
  const { rows: found } = await sql<CountRow>`
    with told as (
      select decode(key, 'base64') as key, to_timestamp("slotAt" / 1000) as slot_at, count
      from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(key text, "slotAt" double precision, count integer)
    ), added as (
      insert into guestpass.rate_counts as c (key, slot_at, count)
      select key, slot_at, count from told order by key, slot_at
      on conflict (key, slot_at) do update set count = c.count + excluded.count
      returning key, slot_at, count
    )
    select encode(key, 'base64') as key, slot_at, count from added
    union all
    select encode(key, 'base64'), slot_at, count from guestpass.rate_counts c
    where c.key in (select key from told) and c.slot_at >= ${since}
      and not exists (select from added a where a.key = c.key and a.slot_at = c.slot_at)`.execute(session);
  return found;
}
