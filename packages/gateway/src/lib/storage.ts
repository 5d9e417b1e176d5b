import type { Clock } from 'guestpass';
import { addressNow, type DatabaseAddress } from './database/address.ts';
import { connectDatabase, type Database } from './database/connect.ts';
import { openEmbedded } from './database/embedded.ts';
import { migrate } from './database/migrate.ts';
import { createOpened, type Opened } from './opened.ts';

/** Where the database is: an address, or a directory for one of our own. */
export type StorageOptions =
  | { readonly url: DatabaseAddress }
  | {
      /** Data directory of the embedded PostgreSQL; created when it is not there. */
      readonly directory: string;
    };

/** A database with every table, ready to be used. */
export interface Storage extends AsyncDisposable {
  readonly database: Database;
  /** Its address, password included: a secret. */
  readonly url: DatabaseAddress;
  /** What to tell people of it: the host and port, or the directory. */
  readonly place: string;
}

interface StorageTerms {
  readonly clock: Clock;
  /** Told of connections that broke, and of an embedded server that ended. */
  readonly onProblem: (error: unknown) => void;
}

export async function openStorage(options: StorageOptions, { clock, onProblem }: StorageTerms): Promise<Storage> {
  await using opened = createOpened();
  const { url, place } = await locate(options, opened, { clock, onProblem });
  await migrate({ url: addressNow(url), nowMs: clock.now() });
  const database = opened.use(connectDatabase({ url, onProblem }));
  const kept = opened.handOver();
  return { database, url, place, [Symbol.asyncDispose]: kept };
}

async function locate(options: StorageOptions, opened: Opened, terms: StorageTerms) {
  if ('url' in options) {
    const { hostname, port, pathname } = new URL(addressNow(options.url));
    return { url: options.url, place: `${hostname}:${port || '5432'}${pathname}` };
  }
  const server = opened.use(await openEmbedded({ directory: options.directory, ...terms }));
  return { url: server.url, place: `${server.directory} (embedded, port ${server.port})` };
}
