import { Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import pg from 'pg';
import type { DatabaseAddress } from './address.ts';
import { clientAt } from './client-at.ts';
import { isConflict, isConnectionLost, storageError } from './storage-error.ts';
import type { Tables } from './tables.ts';

export interface ConnectOptions {
  readonly url: DatabaseAddress;
  /** Connections held at most. Default 10. */
  readonly maxConnections?: number;
  /** How long to wait for a connection, in milliseconds. Default 5,000. */
  readonly connectTimeoutMs?: number;
  /** How long the server may work on one statement, in milliseconds. Default 10,000. */
  readonly statementTimeoutMs?: number;
  /** Told of a connection that broke while nobody used it. The next use opens another. */
  readonly onProblem?: (error: unknown) => void;
}

/** Statements may be run on the database itself or inside a transaction. */
export type Session = Kysely<Tables>;
/** A transaction under way. */
export type Work = Transaction<Tables>;

/** One PostgreSQL, and a bounded number of connections to it. */
export interface Database {
  /** Runs one statement, or a few that need no transaction. Trouble with the server is `storage_unavailable`. */
  run<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Runs `work` in one transaction and commits it. A conflict with another transaction (40001, 40P01) starts it again,
   * three times at most, so `work` changes nothing outside. Trouble with the server is `storage_unavailable`; when that
   * comes with the commit itself, the transaction may have been kept.
   */
  transaction<T>(work: (session: Work) => Promise<T>): Promise<T>;
  /** Waits for what is under way and closes every connection. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Prepares connections; the first one is opened by the first statement. */
export function connectDatabase(options: ConnectOptions): Database {
  const pool = createPool(options);
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: lendOnlySound(pool) }) });

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw storageError(error);
    }
  };

  return {
    run: (work) => guarded(() => work(kysely)),
    transaction: (work) => guarded(() => again(() => kysely.transaction().execute(work), 3)),
    [Symbol.asyncDispose]: () => pool.end(),
  };
}

function createPool(options: ConnectOptions): pg.Pool {
  const { url, maxConnections = 10, connectTimeoutMs = 5_000, statementTimeoutMs = 10_000 } = options;
  const pool = new pg.Pool({
    Client: clientAt(url),
    application_name: 'guestpass',
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: 2 * statementTimeoutMs,
    // A server that hangs never times a statement out itself.
    query_timeout: statementTimeoutMs + 2_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: parserOf },
  });
  pool.on('error', (error) => options.onProblem?.(storageError(error)));
  return pool;
}

const bigintOid = 20;

/** Sequences and counts are below 2^53: they come as numbers, not as the strings `pg` makes of a bigint. */
const parserOf: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === bigintOid && format !== 'binary' ? Number : pg.types.getTypeParser(oid, format);

/** A connection that broke in use, or still waits for an answer, fails its other statements at once and is closed. */
function lendOnlySound(pool: pg.Pool): PostgresPool {
  const lend = async () => {
    const client = await pool.connect();
    let lost: Error | undefined;
    const notice = (error: Error) => {
      lost ??= error;
    };
    // A connection may break between two statements too, and an event nobody hears would end the process.
    client.on('error', notice);
    return {
      async query(text: string, values: readonly unknown[]) {
        if (lost) throw lost;
        try {
          return await client.query(text, [...values]);
        } catch (error) {
          if (error instanceof Error && isConnectionLost(error)) notice(error);
          throw error;
        }
      },
      release(discard?: boolean) {
        client.off('error', notice);
        client.release(lost ?? discard);
      },
    };
  };
  // A cast, because the interface also names cursors, which are not used here.
  return { connect: lend as unknown as PostgresPool['connect'], end: () => pool.end(), options: {} };
}

async function again<T>(transaction: () => Promise<T>, retries: number): Promise<T> {
  for (let left = retries; ; left -= 1) {
    try {
      return await transaction();
    } catch (error) {
      if (left === 0 || !isConflict(error)) throw error;
    }
  }
}
