import type { Clock } from 'guestpass';
import { sql } from 'kysely';
import { fromKysely, type Job, type JobInsert, PgBoss } from 'pg-boss';
import { addressNow, type DatabaseAddress } from '../database/address.ts';
import { clientAt } from '../database/client-at.ts';
import type { Database, Work } from '../database/connect.ts';
import { createGroupCommit } from '../store/group-commit.ts';
import type { NewDelivery } from '../store/new-deliveries.ts';
import { hasTurn } from '../store/retention.ts';
import type { Deliverer, Prepared } from './deliver-webhook.ts';
import { type JobLoop, startJobLoop } from './job-loop.ts';

export interface DeliveryQueueOptions {
  /** The database the deliveries are in; the queue keeps a schema of its own there. */
  readonly url: DatabaseAddress;
  readonly clock: Clock;
  /** Deliveries worked on at once in this process. Default 64. */
  readonly concurrency?: number;
  /** Deliveries to one endpoint worked on at once in this process. Default 4. */
  readonly concurrencyPerEndpoint?: number;
  /** How long the database may take for one answer, in milliseconds. Default 12,000. */
  readonly answerTimeoutMs?: number;
  /** Told of trouble of the queue's own; it goes on by itself. */
  readonly onProblem: (error: unknown) => void;
}

/** Says which delivery is due when, for the whole fleet. */
export interface DeliveryQueue {
  /** Makes deliveries due, in the transaction that writes them. Default at once. */
  announce(work: Work, deliveries: readonly NewDelivery[], dueAtMs?: number): Promise<void>;
  /** Says that such a transaction is committed. Without a word of it they are taken up some milliseconds later. */
  announced(): void;
  /**
   * Makes deliveries due again that are overdue since `beforeMs`, or longer, and have lost their job, as when nobody
   * took it up for a month, or the queue was not restored with the rest. Returns how many; one gateway of a fleet looks
   * at a time.
   */
  recover(database: Database, beforeMs: number): Promise<number>;
  /** Makes a try of each delivery that comes due; one that rejects comes again. */
  start(deliverer: Deliverer): Promise<void>;
  /**
   * Takes nothing new, waits for what is under way, and leaves the rest to others. A receiver that takes longer than
   * three seconds to answer then will be asked again.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

interface DeliveryJob {
  readonly deliveryId: string;
  /** Tries made when the job was written. A job that comes again behind its own try finds more. */
  readonly tries: number;
}

const queueName = 'webhook-deliveries';

/** A job lost with its process comes again after this: the deadline of a try, and some room. */
const leaseSeconds = 45;

export async function openDeliveryQueue(options: DeliveryQueueOptions): Promise<DeliveryQueue> {
  const { onProblem } = options;
  const boss = await openBoss(options);
  const givingUp = new AbortController();
  let loop: JobLoop | undefined;

  const announce: DeliveryQueue['announce'] = async (work, deliveries, dueAtMs) => {
    const jobs = deliveries.map(({ id, endpointId, tries }): JobInsert<DeliveryJob> => {
      const due = dueAtMs === undefined ? {} : { startAfter: new Date(dueAtMs) };
      return { data: { deliveryId: id, tries }, group: { id: endpointId }, ...due };
    });
    await boss.insert(queueName, jobs, { db: fromKysely(work) });
    if (dueAtMs === undefined) loop?.expect();
  };
  return {
    announce,
    announced: () => loop?.look(),
    recover: (database, beforeMs) =>
      database.transaction(async (work) => {
        if (!(await hasTurn(work))) return 0;
        const lost = await findLost(work, beforeMs);
        if (lost.length > 0) await announce(work, lost);
        return lost.length;
      }),
    async start(deliverer) {
      loop = startDeliveries(boss, deliverer, { ...options, signal: givingUp.signal });
    },
    async [Symbol.asyncDispose]() {
      const cancel = options.clock.after(endingMs, () => givingUp.abort());
      await loop?.[Symbol.asyncDispose]();
      cancel();
      await boss.stop({ graceful: true, timeout: 20_000 }).catch(onProblem);
    },
  };
}

/** A thousand at most. */
async function findLost(work: Work, beforeMs: number): Promise<readonly NewDelivery[]> {
  const { rows } = await sql<NewDelivery>`
    select d.id, d.endpoint_id as "endpointId", d.event_id as "eventId", d.event_type as "eventType",
      d.attempt_id as "attemptId", d.tries
    from guestpass.deliveries d
    where d.state = 'pending' and d.next_at < ${new Date(beforeMs)} and not exists (
      select from guestpass_jobs.job j
      where j.name = ${queueName} and j.state < 'completed' and j.data->>'deliveryId' = d.id
        and j.data->>'tries' = d.tries::text)
      and not exists (select from guestpass.deliveries e where e.id = d.behind and e.state = 'pending')
    order by d.number limit 1000`.execute(work);
  return rows;
}

async function openBoss({ url, answerTimeoutMs = 12_000, onProblem }: DeliveryQueueOptions): Promise<PgBoss> {
  // For the driver. A database that hangs would else be waited for without an end, also when we want to end.
  const patience = {
    connectionTimeoutMillis: Math.min(5_000, answerTimeoutMs),
    query_timeout: answerTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client: clientAt(url),
  };
  const boss = new PgBoss({
    ...patience,
    connectionString: addressNow(url),
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

/** How long receivers may still answer at the end, in milliseconds: supervisors do not wait for the slowest of them. */
const endingMs = 3_000;

interface DeliveriesOptions extends DeliveryQueueOptions {
  /** Gives up what is under way. */
  readonly signal: AbortSignal;
}

interface Claimed extends Job<DeliveryJob> {
  /** `undefined` when there is nothing to do. */
  readonly prepared: Prepared | undefined;
}

/** What is due is the queue's matter, by the clock of the database: those of gateways differ. */
function preparedFor({ data }: Job<DeliveryJob>, prepared: ReadonlyMap<string, Prepared>): Prepared | undefined {
  const found = prepared.get(data.deliveryId);
  return found?.delivery.tries === data.tries ? found : undefined;
}

/** One with nothing to do asks nobody, and so waits for nobody: it is put away before its delivery gets another job. */
function claimedJob(job: Job<DeliveryJob>, prepared: Prepared | undefined): Claimed {
  return prepared ? { ...job, prepared } : { ...job, prepared, groupId: null };
}

function startDeliveries(boss: PgBoss, deliverer: Deliverer, options: DeliveriesOptions): JobLoop {
  const { signal, clock, concurrency = 64, concurrencyPerEndpoint = 4, onProblem } = options;
  const giveBack = async (jobs: readonly Job<DeliveryJob>[]) => {
    if (jobs.length > 0) await boss.fail(queueName, [...jobs]);
  };
  // A job that is done is of no more use: its delivery tells what became of it. One that cannot be put away comes again
  // when its lease is over, and finds that.
  const done = createGroupCommit<Claimed, undefined>({
    clock,
    lingerMs: 50,
    commit: async (jobs) => {
      await boss.deleteJob(queueName, [...jobs]).catch(onProblem);
      return jobs.map(() => undefined);
    },
  });
  const giveBackOne = async (job: Claimed, error: unknown) => {
    if (!signal.aborted) onProblem(error);
    await giveBack([job]).catch(onProblem);
  };

  const loop = startJobLoop<Claimed>({
    clock,
    concurrency,
    concurrencyPerGroup: concurrencyPerEndpoint,
    onProblem,
    giveBack,
    resting: () => deliverer.resting(),
    async claim(most, withoutGroups) {
      const jobs = await boss.fetch<DeliveryJob>(queueName, { batchSize: most, ignoreGroups: [...withoutGroups] });
      if (jobs.length === 0) return [];
      try {
        const prepared = await deliverer.prepare(jobs.map(({ data }) => data.deliveryId));
        return jobs.map((job) => claimedJob(job, preparedFor(job, prepared)));
      } catch (error) {
        await giveBack(jobs).catch(onProblem);
        throw error;
      }
    },
    async work(job, leaveGroup) {
      try {
        const isDone = !job.prepared || (await deliverer.deliver(job.prepared, leaveGroup, signal));
        if (!isDone) return await giveBack([job]).catch(onProblem);
      } catch (error) {
        return await giveBackOne(job, error);
      }
      // Nobody waits for it: the try is on record.
      done.submit(job).catch(onProblem);
    },
  });
  return {
    ...loop,
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      await done[Symbol.asyncDispose]();
    },
  };
}
