import { hash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from 'guestpass';
import pg from 'pg';
import { connectDatabase, type Database } from '../database/connect.ts';
import { type EmbeddedServer, openEmbedded } from '../database/embedded.ts';
import { migrate } from '../database/migrate.ts';

/** A database of its own on a server that all tests share, empty or with every table. */
export interface TestDatabase extends Database {
  readonly url: string;
  /** Runs a statement as it stands. */
  query(text: string, values?: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
}

export interface TestDatabaseOptions {
  /** Default true. */
  readonly migrated?: boolean;
}

const directory = fileURLToPath(new URL('../../../../../.guestpass/test-postgres', import.meta.url));

/** A place at the server that all tests share. */
export function openServer(): Promise<EmbeddedServer> {
  return openEmbedded({ directory, clock: systemClock });
}

/**
 * Creates a database on the embedded server of the tests, and drops it on dispose. Test files that run at once share
 * the server; the last one ends it, and its data directory serves the next run.
 */
export async function testDatabase({ migrated = true }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await openServer();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  if (migrated) await copyTemplate(server.url, name);
  else await once(server.url, `create database ${name}`);
  const url = at(server.url, name);
  const database = connectDatabase({ url });
  return {
    ...database,
    url,
    query: (text, values) => once(url, text, values),
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await once(server.url, `drop database ${name} with (force)`);
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Drops what runs that were killed left behind: databases of tests that were made longer ago than any run takes. */
export async function dropLeftovers(serverUrl: string): Promise<void> {
  const left = await once(
    serverUrl,
    `select datname as name from pg_database
      where datname ~ '^test_[0-9a-f]{32}$'
        and (pg_stat_file('base/' || oid || '/PG_VERSION')).modification < now() - interval '2 hours'`,
  );
  for (const { name } of left) await once(serverUrl, `drop database if exists ${name} with (force)`);
}

const migrations = new URL('../../../migrations/', import.meta.url);

/** Any number will do, as long as all tests use the same one. */
const templateLock = 0x6775_6570;

/**
 * Makes a database with every table from one that was migrated before: copying takes a fraction of the time. The one that
 * is copied is named after what the migrations say, and made by the first who needs it; those of before are dropped.
 */
async function copyTemplate(serverUrl: string, name: string): Promise<void> {
  const template = `template_${await hashOfMigrations()}`;
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    // Ending the connection gives the lock back. Nobody drops what another one copies.
    await client.query('select pg_advisory_lock($1)', [templateLock]);
    const { rows } = await client.query<{ name: string }>(
      `select datname as name from pg_database where datname ~ '^template_[0-9a-f]+'`,
    );
    if (!rows.some((known) => known.name === template)) {
      for (const old of rows) await client.query(`drop database ${old.name} with (force)`);
      await client.query(`create database ${template}_begun`);
      await migrate({ url: at(serverUrl, `${template}_begun`), nowMs: 0 });
      await client.query(`alter database ${template}_begun rename to ${template}`);
    }
    await client.query(`create database ${name} template ${template}`);
  } finally {
    await client.end();
  }
}

async function hashOfMigrations(): Promise<string> {
  const names = (await readdir(migrations)).toSorted();
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, migrations), 'utf8')));
  return hash('sha256', JSON.stringify([names, texts])).slice(0, 16);
}

/** The address of another database of a server. */
function at(serverUrl: string, name: string): string {
  const address = new URL(serverUrl);
  address.pathname = `/${name}`;
  return address.href;
}

async function once(url: string, text: string, values: readonly unknown[] = []) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, [...values]);
    return rows;
  } finally {
    await client.end();
  }
}
