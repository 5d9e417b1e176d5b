import { hash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuestpassError } from 'guestpass';
import pg from 'pg';
import { storageError } from './storage-error.ts';

export interface MigrateOptions {
  /** The database to bring up to date. Its user must be allowed to create a schema. */
  readonly url: string;
  /** Where the SQL files are, `NNN-name.sql`. Default: those of this package. */
  readonly directory?: string;
  /** Milliseconds since the Unix epoch; recorded beside each file. */
  readonly nowMs: number;
  /** How long to wait for the connection, in milliseconds. Default 10,000. */
  readonly connectTimeoutMs?: number;
}

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly sha256: string;
}

/** Any number will do, as long as every gateway uses the same one. */
const lockKey = 0x6775_6573;

const shipped = fileURLToPath(new URL('../../../migrations/', import.meta.url));

/**
 * Applies the SQL files that the database has not seen, in the order of their names, each in a transaction of its own
 * together with its record. Gateways that start at once wait for each other; one that is killed in between loses only
 * the file it was at. Returns the names applied. Rejects with `config_invalid` when a file was changed after it was
 * applied. Files that only a newer version knows are left alone, so that versions can be mixed while they are rolled out.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { url, directory = shipped, nowMs, connectTimeoutMs = 10_000 } = options;
  const migrations = await readMigrations(directory);
  const client = new pg.Client({
    connectionString: url,
    application_name: 'guestpass migrate',
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
  });
  // The statement under way rejects too; this keeps the event from ending the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    return await applyAll(client, migrations, nowMs);
  } catch (error) {
    throw storageError(error);
  } finally {
    // Ending the connection gives the lock back.
    await client.end().catch(() => {});
  }
}

async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => /^\d{3}-[a-z0-9-]+\.sql$/.test(name)).sort();
  return await Promise.all(
    names.map(async (name) => {
      // A checkout with other line ends is the same file.
      const sql = (await readFile(join(directory, name), 'utf8')).replaceAll('\r\n', '\n');
      return { name, sql, sha256: hash('sha256', sql) };
    }),
  );
}

async function applyAll(client: pg.Client, migrations: readonly Migration[], nowMs: number): Promise<string[]> {
  await client.query(bookkeeping);
  const { rows } = await client.query<{ name: string; sha256: string }>(
    'select name, sha256 from guestpass.migrations',
  );
  const known = new Map(rows.map(({ name, sha256 }) => [name, sha256]));
  const applied: string[] = [];
  for (const migration of migrations) {
    const seen = known.get(migration.name);
    if (seen !== undefined && seen !== migration.sha256) throw changed(migration.name);
    if (seen !== undefined) continue;
    await apply(client, migration, nowMs);
    applied.push(migration.name);
  }
  return applied;
}

const bookkeeping = `
  create schema if not exists guestpass;
  create table if not exists guestpass.migrations (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null
  );`;

async function apply(client: pg.Client, { name, sql, sha256 }: Migration, nowMs: number): Promise<void> {
  await client.query('begin');
  try {
    await client.query(sql);
    await client.query('insert into guestpass.migrations (name, sha256, applied_at) values ($1, $2, $3)', [
      name,
      sha256,
      new Date(nowMs),
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

function changed(name: string): GuestpassError {
  return new GuestpassError('config_invalid', `The migration ${name} was changed after this database had applied it.`, {
    remedy: 'Restore the file as it was, and put the change into a new migration.',
  });
}
