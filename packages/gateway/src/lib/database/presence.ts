import pg from 'pg';

/** A process's place among those that use one embedded server. Lost when the process dies, however it dies. */
export interface Presence {
  /** Resolves when the place is no more: the server ended, or it was given up. */
  readonly over: Promise<void>;
  /** Gives the place up, and ends the server when nobody else has one. */
  leave(): Promise<void>;
}

/** A place, before it is known how its server is ended. */
export interface Arrival {
  /** As {@link Presence.over}. */
  readonly over: Promise<void>;
  /**
   * Gives the place up. When nobody else has one, `end` is called, which ends the server; whoever comes meanwhile is
   * kept waiting, and finds it gone.
   */
  leave(end: () => Promise<void>): Promise<void>;
}

/** How a server answered. */
export type Greeting =
  | { readonly outcome: 'welcome'; readonly arrival: Arrival }
  | { readonly outcome: 'later' }
  | { readonly outcome: 'silent' }
  | { readonly outcome: 'refused'; readonly error: unknown };

/** Any number will do, as long as every gateway uses the same one. */
const lockKey = 0x7072_6573;

/**
 * Knocks at a server and takes a place there: a shared advisory lock on a connection that stays open. Resolves within
 * 1.5 seconds.
 */
export async function greet(url: string): Promise<Greeting> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'guestpass presence',
    connectionTimeoutMillis: 700,
    query_timeout: 700,
    keepAlive: true,
  });
  const over = new Promise<void>((resolve) => void client.once('end', () => resolve()));
  // Statements reject too; this keeps the event from ending the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select pg_advisory_lock_shared($1)', [lockKey]);
    return { outcome: 'welcome', arrival: arrivalOn(client, over) };
  } catch (error) {
    await client.end().catch(() => {});
    return unwelcome(error);
  }
}

function arrivalOn(client: pg.Client, over: Promise<void>): Arrival {
  return {
    over,
    async leave(end) {
      try {
        // Whoever asks last finds nobody else, also when two leave at once: each has given its own place up before.
        await client.query('select pg_advisory_unlock_shared($1)', [lockKey]);
        const { rows } = await client.query<{ last: boolean }>('select pg_try_advisory_lock($1) as last', [lockKey]);
        if (rows[0]?.last === true) await end();
      } catch {
        // The server is gone already.
      } finally {
        await client.end().catch(() => {});
      }
    },
  };
}

function unwelcome(error: unknown): Greeting {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  // Starting up, shutting down, in recovery.
  if (code.startsWith('57P')) return { outcome: 'later' };
  return /^[0-9A-Z]{5}$/.test(code) ? { outcome: 'refused', error } : { outcome: 'silent' };
}
