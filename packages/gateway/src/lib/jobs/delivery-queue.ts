import type { Clock } from 'guestpass';
import { fromKysely, type Job, type JobInsert, PgBoss } from 'pg-boss';
import type { Work } from '../database/connect.ts';
import { createGroupCommit } from '../store/group-commit.ts';
import type { NewDelivery } from '../store/new-deliveries.ts';
import { type JobLoop, startJobLoop } from './job-loop.ts';

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
  const { onProblem } = options;
  const boss = await openBoss(options);
  let loop: JobLoop | undefined;

  return {
    async announce(work, deliveries, dueAtMs) {
      const jobs = deliveries.map(({ id, endpointId }): JobInsert<DeliveryJob> => {
        const due = dueAtMs === undefined ? {} : { startAfter: new Date(dueAtMs) };
        return { data: { deliveryId: id }, group: { id: endpointId }, ...due };
      });
      await boss.insert(queueName, jobs, { db: fromKysely(work) });
      if (dueAtMs === undefined) loop?.expect();
    },
    async start(deliver) {
      loop = startDeliveries(boss, deliver, options);
    },
    async [Symbol.asyncDispose]() {
      await loop?.[Symbol.asyncDispose]();
      await boss.stop({ graceful: true, timeout: 20_000 }).catch(onProblem);
    },
  };
}

async function openBoss({ url, onProblem }: DeliveryQueueOptions): Promise<PgBoss> {
  const boss = new PgBoss({
    connectionString: url,
    schema: 'guestpass_jobs',
    max: 4,
    application_name: 'guestpass-jobs',
    schedule: false,
    // Claims whose process is gone are looked for this often.
    superviseIntervalSeconds: 15,
    monitorIntervalSeconds: 15,
  });
  boss.on('error', onProblem);
  try {
    await boss.start();
    await boss.createQueue(queueName, queueTerms);
    return boss;
  } catch (error) {
    await boss.stop({ graceful: false }).catch(onProblem);
    throw error;
  }
}

const queueTerms = {
  expireInSeconds: leaseSeconds,
  retryLimit: 10_000,
  retryDelay: 2,
  retryBackoff: true,
  retryDelayMax: 60,
  retentionSeconds: 30 * 86_400,
  deleteAfterSeconds: 3_600,
};

type Claimed = Job<DeliveryJob> & { readonly groupId?: string | null };

function startDeliveries(
  boss: PgBoss,
  deliver: (deliveryId: string) => Promise<void>,
  { clock, concurrency = 32, concurrencyPerEndpoint = 4, onProblem }: DeliveryQueueOptions,
): JobLoop {
  const done = createGroupCommit<Claimed, undefined>({
    commit: async (jobs) => {
      await boss.complete(queueName, [...jobs]);
      return jobs.map(() => undefined);
    },
  });
  const giveBack = async (jobs: readonly Claimed[]) => void (await boss.fail(queueName, [...jobs]));
  return startJobLoop<Claimed>({
    clock,
    concurrency,
    concurrencyPerGroup: concurrencyPerEndpoint,
    onProblem,
    claim: (most, ignoreGroups) =>
      boss.fetch<DeliveryJob>(queueName, { batchSize: most, ignoreGroups: [...ignoreGroups] }),
    giveBack,
    async work(job) {
      try {
        await deliver(job.data.deliveryId);
        await done.submit(job);
      } catch (error) {
        onProblem(error);
        await giveBack([job]).catch(onProblem);
      }
    },
  });
}
