import type { Clock } from 'guestpass';
import { sql } from 'kysely';
import type { Database } from '../database/connect.ts';
import type { ReadinessCheck } from '../routes/operator/health.ts';
import type { DeliveryStore } from '../store/deliveries.ts';
import type { Room } from '../upkeep/room.ts';

export interface ReadinessOptions {
  readonly database: Database;
  readonly deliveries: DeliveryStore;
  readonly room: Pick<Room, 'backlog' | 'disk'>;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
  /** Calls to the platform that are held back because it keeps failing; told, and no more. Default: nobody knows. */
  readonly heldBack?: () => readonly string[];
  /** A delivery may be this old and still wait, in milliseconds. Default 5 minutes; older ones are told, and no more. */
  readonly oldestPendingMs?: number;
}

/** Looks whether guests may be sent here. A platform that is down does not make a gateway unready. */
export function createReadiness(options: ReadinessOptions): () => Promise<readonly ReadinessCheck[]> {
  const { database, room, clock, isDraining, heldBack } = options;
  return async () => [
    { name: 'draining', ok: !isDraining(), ...(isDraining() && { detail: 'The gateway is shutting down.' }) },
    await check('database', () => write(database, new Date(clock.now()))),
    await check('webhooks', () => backlog(options)),
    disk(room.disk()),
    ...(heldBack ? [platform(heldBack())] : []),
  ];
}

function platform(heldBack: readonly string[]): ReadinessCheck {
  const detail = `It keeps failing and is left alone for a while; held back: ${heldBack.join(', ')}.`;
  return { name: 'platform', ok: true, ...(heldBack.length > 0 && { detail }) };
}

function disk(full: string | undefined): ReadinessCheck {
  return { name: 'disk', ok: full === undefined, ...(full !== undefined && { detail: full }) };
}

async function check(name: string, look: () => Promise<string | undefined>): Promise<ReadinessCheck> {
  try {
    const detail = await look();
    return { name, ok: true, ...(detail !== undefined && { detail }) };
  } catch {
    return { name, ok: false, detail: 'The database does not answer, or takes no writes.' };
  }
}

/** A full disk or a read-only standby answers questions as if nothing were wrong. */
async function write(database: Database, at: Date): Promise<undefined> {
  await database.run((session) =>
    sql`insert into guestpass.heartbeat (at) values (${at}) on conflict (one) do update set at = excluded.at`.execute(
      session,
    ),
  );
  return undefined;
}

/** Too many of them are told, and no more: they are those of the whole fleet. */
async function backlog({
  deliveries,
  room,
  clock,
  oldestPendingMs = 300_000,
}: ReadinessOptions): Promise<string | undefined> {
  const oldest = await deliveries.oldestPending();
  const tooMany = room.backlog();
  if (tooMany !== undefined) return tooMany;
  const ageMs = oldest ? clock.now() - oldest.getTime() : 0;
  return ageMs > oldestPendingMs ? `The oldest pending delivery is ${Math.round(ageMs / 1000)} s old.` : undefined;
}
