import pg from 'pg';
import { storageError } from './storage-error.ts';

/** What a database tells of itself. */
export interface DatabaseProbe {
  /** Such as `18.1`. */
  readonly version: string;
  /** The newest SQL file that was applied; `null` where no gateway has been yet. */
  readonly lastMigration: string | null;
}

/**
 * Looks whether a PostgreSQL can be reached and read, and changes nothing. `timeoutMs` holds for the connection and for
 * each statement. Rejects with `storage_unavailable`; no message holds the address.
 */
export async function probeDatabase(url: string, timeoutMs: number): Promise<DatabaseProbe> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'guestpass doctor',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  });
  // The statement under way rejects too; this keeps the event from ending the process.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ version: string; kept: boolean }>(
      "select current_setting('server_version') as version, to_regclass('guestpass.migrations') is not null as kept",
    );
    const { version = '', kept = false } = rows[0] ?? {};
    return { version, lastMigration: kept ? await lastMigration(client) : null };
  } catch (error) {
    throw storageError(error);
  } finally {
    await client.end().catch(() => {});
  }
}

async function lastMigration(client: pg.Client): Promise<string | null> {
  const { rows } = await client.query<{ name: string }>(
    'select name from guestpass.migrations order by name desc limit 1',
  );
  return rows[0]?.name ?? null;
}
