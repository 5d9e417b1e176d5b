import { sql } from 'kysely';
import type { Database } from '../database/connect.ts';
import { createSeal, type MasterKey } from './seal.ts';

export interface PlatformTurnsOptions {
  readonly database: Database;
  readonly masterKey: MasterKey;
  /** Names the OAuth client at its platform; only a keyed hash of it is stored. */
  readonly client: string;
  /** How far apart turns are at the rate of the client, in milliseconds. */
  readonly intervalMs: number;
}

/** The turns of an OAuth client, which all gateways of one database share. */
export interface PlatformTurns {
  /**
   * Takes the next turns, so many of them, and resolves with the instant of the first: they follow each other at the
   * interval. In milliseconds since the Unix epoch, and `nowMs` at the earliest. Turns that are said to be taken for
   * longer than any fleet takes them were written by a clock that was wrong, and are not waited for.
   */
  lease(count: number, nowMs: number): Promise<number>;
}

/** How far ahead turns may be taken, in seconds. */
const farthestSeconds = 600;

export function createPlatformTurns({ database, masterKey, client, intervalMs }: PlatformTurnsOptions): PlatformTurns {
  const key = createSeal(masterKey, 'platform-turns').fingerprint(client);
  return {
    async lease(count, nowMs) {
      const spanMs = count * intervalMs;
      const { rows } = await database.run((session) =>
        sql<{ full_at: Date }>`
          insert into guestpass.platform_turns as t (client, full_at)
          values (${key}, ${new Date(nowMs)}::timestamptz + make_interval(secs => ${spanMs / 1_000}))
          on conflict (client) do update
          set full_at = make_interval(secs => ${spanMs / 1_000}) + case
            when t.full_at > ${new Date(nowMs)}::timestamptz + make_interval(secs => ${farthestSeconds}) then ${new Date(nowMs)}
            else greatest(t.full_at, ${new Date(nowMs)}) end
          returning full_at`.execute(session),
      );
      const [row] = rows;
      if (!row) throw new Error('The row of the client was not written.');
      return row.full_at.getTime() - spanMs;
    },
  };
}
