import type { Clock } from 'guestpass';
import { fromKysely, type JobInsert, PgBoss } from 'pg-boss';
import type { Work } from '../database/connect.ts';
import type { NewDelivery } from '../store/new-deliveries.ts';

export interface DeliveryQueueOptions {
  /** The database the deliveries are in; the queue keeps a schema of its own there. */
  readonly url: string;
  readonly clock: Clock;
  /** Deliveries worked on at once in this process. Default 32. */
  readonly concurrency?: number;
  /** Deliveries to one endpoint worked on at once in this process. Default 4. */
  readonly concurrencyPerEndpoint?: number;
  /** Told of trouble of the queue's own; it goes on by itself. */
  readonly onProblem: (error: unknown) => void;
}

/** Says which delivery is due when, for the whole fleet. */
export interface DeliveryQueue {
  /** Makes deliveries due, in the transaction that writes them. Default at once. */
  announce(work: Work, deliveries: readonly NewDelivery[], dueAtMs?: number): Promise<void>;
  /** Calls `deliver` for each delivery that comes due; one that throws comes again. */
  start(deliver: (deliveryId: string) => Promise<void>): Promise<void>;
  /** Takes nothing new, waits for what is under way, and leaves the rest to others. */
  [Symbol.asyncDispose](): Promise<void>;
}

interface DeliveryJob {
  readonly deliveryId: string;
}

const queueName = 'webhook-deliveries';

/** A job lost with its process comes again after this: the deadline of a try, and some room. */
const leaseSeconds = 45;

export async function openDeliveryQueue(options: DeliveryQueueOptions): Promise<DeliveryQueue> {
  const { url, concurrency = 32, concurrencyPerEndpoint = 4, onProblem } = options;
  const boss = new PgBoss({
    connectionString: url,
    schema: 'guestpass_jobs',
    max: 4,
    application_name: 'guestpass-jobs',
    schedule: false,
    useListenNotify: true,
  });
  boss.on('error', onProblem);
  await boss.start();
  await boss.createQueue(queueName, {
    notify: true,
    expireInSeconds: leaseSeconds,
    retryLimit: 10_000,
    retryDelay: 2,
    retryBackoff: true,
    retryDelayMax: 60,
    retentionSeconds: 30 * 86_400,
    deleteAfterSeconds: 3_600,
  });

  return {
    async announce(work, deliveries, dueAtMs) {
      const jobs = deliveries.map(({ id, endpointId }): JobInsert<DeliveryJob> => {
        const due = dueAtMs === undefined ? {} : { startAfter: new Date(dueAtMs) };
        return { data: { deliveryId: id }, group: { id: endpointId }, ...due };
      });
      await boss.insert(queueName, jobs, { db: fromKysely(work) });
    },
    async start(deliver) {
      await boss.work<DeliveryJob, void>(
        queueName,
        {
          localConcurrency: concurrency,
          localGroupConcurrency: concurrencyPerEndpoint,
          // Wakes at once for a new job; a delayed one is found by the poll.
          pollingIntervalSeconds: 1,
          notifyPollingIntervalSeconds: 1,
        },
        async (jobs) => {
          for (const { data } of jobs) await deliver(data.deliveryId);
        },
      );
    },
    async [Symbol.asyncDispose]() {
      await boss.stop({ graceful: true, timeout: 20_000 });
    },
  };
}
