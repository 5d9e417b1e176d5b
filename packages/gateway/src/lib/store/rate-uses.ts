import { type RawBuilder, sql } from 'kysely';
import type { Database, Session } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

export interface RateUsesOptions {
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Span over which rates are counted, in milliseconds. Default 60,000. */
  readonly windowMs?: number;
  /** The instant of a statement, in SQL. Default the database's clock, so that no clock of a gateway matters. */
  readonly now?: () => RawBuilder<Date>;
}

/** What happens to the uses of a key. */
export interface UseChange {
  readonly key: string;
  /** Uses more in the slot of now. */
  readonly more: number;
  /** Uses that are taken back, and the slot they were counted in. */
  readonly back?: { readonly slot: number; readonly count: number } | undefined;
}

/** What the gateways of one database have counted under one key. */
export interface KeyUses {
  readonly key: string;
  /** The slot of now. */
  readonly slot: number;
  /** Milliseconds until that slot is over. */
  readonly leftMs: number;
  /** Uses slot by slot, the oldest first, that of now last. The oldest counts until the slot of now is over. */
  readonly uses: readonly number[];
}

/** Uses that the gateways of one database count together. */
export interface RateUses {
  /** Changes all keys, each named once, in one statement; resolves with what is counted then, those changes included. */
  change(changes: readonly UseChange[]): Promise<readonly KeyUses[]>;
  /** Deletes keys of which nothing counts any more. */
  forget(): Promise<void>;
}

/** Slots of a window, as the database counts them; the one not yet wholly a window ago still counts as a whole. */
const slotsPerWindow = 12;

/** Keys may name visitors' addresses, so only their keyed hashes are stored. */
export function createRateUses(options: RateUsesOptions): RateUses {
  const { database, masterKey, windowMs = 60_000, now = () => sql<Date>`clock_timestamp()` } = options;
  const seal = createSeal(masterKey, 'rates');
  const slotMs = windowMs / slotsPerWindow;
  return {
    async change(changes) {
      const named = changes.map((change) => [seal.fingerprint(change.key).toString('base64'), change] as const);
      const names = new Map(named.map(([hashed, { key }]) => [hashed, key]));
      const rows = named.map(([key, { more, back }]) => ({ key, more, back: back?.count ?? 0, at: back?.slot ?? 0 }));
      const found = await database.run((session) => changeUses(session, rows, { slotMs, now: now() }));
      return found.flatMap(({ key, slot, left_ms, uses }) => {
        const name = names.get(key);
        return name === undefined ? [] : [{ key: name, slot, leftMs: left_ms, uses: uses.map(atLeastNone) }];
      });
    },
    async forget() {
      await database.run((session) =>
        sql`
          delete from guestpass.rate_uses
          where slot + ${slotsPerWindow} < floor(extract(epoch from ${now()}) * 1000 / ${slotMs})`.execute(session),
      );
    },
  };
}

/** A new row has less than none when what it takes back is forgotten already. */
function atLeastNone(count: number): number {
  return Math.max(0, count);
}

interface ChangeRow {
  /** Base64. */
  readonly key: string;
  readonly more: number;
  readonly back: number;
  readonly at: number;
}

interface UsesRow {
  /** Base64. */
  readonly key: string;
  readonly slot: number;
  readonly left_ms: number;
  readonly uses: readonly number[];
}

interface Moment {
  readonly slotMs: number;
  readonly now: RawBuilder<Date>;
}

/** The statement stands in a function of the database, which plans it once: see its migration. */
async function changeUses(
  session: Session,
  rows: readonly ChangeRow[],
  { slotMs, now }: Moment,
): Promise<readonly UsesRow[]> {
  const { rows: found } = await sql<UsesRow>`
    select key, slot, uses, left_ms
    from guestpass.change_rate_uses(${JSON.stringify(rows)}::jsonb, ${slotMs}::double precision, ${now})`.execute(
    session,
  );
  return found;
}
