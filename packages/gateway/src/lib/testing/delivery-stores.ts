import { sql } from 'kysely';
import type { Work } from '../database/connect.ts';
import { type AttemptStore, createAttemptStore } from '../store/attempts.ts';
import { createDeliveryStore, type DeliveryStore } from '../store/deliveries.ts';
import { createEndpointStore, type EndpointStore } from '../store/endpoints.ts';
import type { NewDelivery } from '../store/new-deliveries.ts';
import { masterKey } from './guests.ts';
import { type TestDatabase, testDatabase } from './postgres.ts';

/** Guests, endpoints and what is told of one to the other, with a table in place of the queue. */
export interface DeliveryStores extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly attempts: AttemptStore;
  readonly deliveries: DeliveryStore;
  readonly endpoints: EndpointStore;
  /** The deliveries that were announced, by id. */
  jobs(): Promise<readonly unknown[]>;
  forgetJobs(): Promise<void>;
  /** Takes away endpoints, deliveries and jobs. */
  clear(): Promise<void>;
}

export async function openDeliveryStores(): Promise<DeliveryStores> {
  const database = await testDatabase();
  await database.query('create table jobs (delivery text)');
  const announce = async (work: Work, announced: readonly NewDelivery[]) => {
    for (const { id } of announced) await sql`insert into jobs values (${id})`.execute(work);
  };
  const attempts = createAttemptStore({ database, masterKey, owner: 'gateway-1', announce });
  return {
    database,
    attempts,
    deliveries: createDeliveryStore({ database, masterKey, announce }),
    endpoints: createEndpointStore(database, masterKey),
    jobs: async () => (await database.query('select delivery from jobs')).map(({ delivery }) => delivery),
    async forgetJobs() {
      await database.query('truncate jobs');
    },
    async clear() {
      await database.query(
        'truncate jobs, guestpass.delivery_attempts, guestpass.deliveries, guestpass.webhook_endpoints',
      );
    },
    async [Symbol.asyncDispose]() {
      await attempts[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    },
  };
}
