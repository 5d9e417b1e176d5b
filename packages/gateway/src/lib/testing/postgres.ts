import { randomUUID } from 'node:crypto';
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
  await once(server.url, `create database ${name}`);
  const address = new URL(server.url);
  address.pathname = `/${name}`;
  const url = address.href;
  if (migrated) await migrate({ url, nowMs: 0 });
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
