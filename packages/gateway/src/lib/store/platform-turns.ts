import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

export interface PlatformTurnsOptions {
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Names the OAuth client at its platform; only a keyed hash of it is stored. */
  readonly client: string;
  /** How far apart turns are at the rate of the client, in milliseconds. */
  readonly intervalMs: number;
  /** The instant of a statement, in SQL. Default the database's clock, so that no clock of a gateway matters. */
  readonly now?: () => RawBuilder<Date>;
}

/** The turns of an OAuth client, which all gateways of one database share. */
export interface PlatformTurns {
  /**
   * Takes the next turns, so many of them, and resolves with how long it is until the first, in milliseconds: they follow
   * each other at the interval. Turns that are said to be taken for longer than any fleet takes them were written before
   * the clock was set back, and are not waited for.
   */
  lease(count: number): Promise<number>;
}

/** How far ahead turns may be taken, in seconds. */
const farthestSeconds = 600;

export function createPlatformTurns(options: PlatformTurnsOptions): PlatformTurns {
  const { database, masterKey, client, intervalMs, now = () => sql<Date>`clock_timestamp()` } = options;
  const key = createSeal(masterKey, 'platform-turns').fingerprint(client);
  return {
    async lease(count) {
      const span = sql`make_interval(secs => ${(count * intervalMs) / 1_000})`;
      const { rows } = await database.run((session) =>
        sql<{ wait_ms: number }>`
          with moment as materialized (select ${now()} as at)
          insert into guestpass.platform_turns as t (client, full_at)
          select ${key}::bytea, at + ${span} from moment
          on conflict (client) do update
          set full_at = ${span} + (
            select case when t.full_at > at + make_interval(secs => ${farthestSeconds}) then at
              else greatest(t.full_at, at) end
            from moment)
          returning (extract(epoch from full_at - ${span} - (select at from moment)) * 1000)::double precision
            as wait_ms`.execute(session),
      );
      const [row] = rows;
      if (!row) throw new Error('The row of the client was not written.');
      return Math.max(0, row.wait_ms);
    },
  };
}
