import { setTimeout as sleep } from 'node:timers/promises';
import { postgresCpuMicros } from '../gateway/postgres-cpu.ts';
import { createDurable } from '../gateway/servers/durable.ts';
import { letIn } from './guest.ts';
import { createLoop } from './loop.ts';
import type { SenderOrder, Sent, Trickled } from './order.ts';

/** Sends webhooks, by the gateway's queue and by a bare loop, in a process of its own. */
const [receiver = '', directory = ''] = process.argv.slice(2);

let told = 0;
let everybodyTold = Promise.withResolvers<void>();
let awaited = Number.POSITIVE_INFINITY;
const onDelivery = () => {
  told += 1;
  if (told === awaited) everybodyTold.resolve();
};
// Nobody calls the platform here: guests are put on record as let in.
const { gateway, close } = await createDurable({
  platformUrl: new URL(receiver).origin,
  directory,
  receiver,
  onDelivery,
});
const loop = createLoop(receiver);

/** Everything waits, and is let go at once. */
async function drain(messages: number): Promise<Sent> {
  const { endpoints, deliveries } = gateway;
  const [endpoint] = await endpoints.list();
  if (!endpoint) throw new Error('There is no endpoint.');
  await endpoints.disable(endpoint.id, 'The backlog is made.', Date.now());
  await Promise.all(Array.from({ length: messages }, () => letIn(gateway.attempts)));
  await endpoints.enable(endpoint.id, Date.now());
  [told, awaited, everybodyTold] = [0, messages, Promise.withResolvers<void>()];
  return await spent(async () => {
    await deliveries.replay({ state: 'held' }, { nowMs: Date.now() });
    await everybodyTold.promise;
  });
}

async function spent(work: () => Promise<void>): Promise<Sent> {
  const database = () => postgresCpuMicros(directory) ?? Number.NaN;
  const [before, databaseBefore, began] = [process.cpuUsage(), database(), performance.now()];
  await work();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(before);
  return { wallMs, cpuMicros: user + system, databaseMicros: database() - databaseBefore };
}

/** One by one, evenly. */
async function trickle(messages: number, perSecond: number): Promise<Trickled> {
  const committedAtMs: Record<string, number> = {};
  const guests: Promise<void>[] = [];
  const began = performance.now();
  for (let number = 0; number < messages; number += 1) {
    await sleep(Math.max(0, began + (number / perSecond) * 1_000 - performance.now()));
    guests.push(
      letIn(gateway.attempts).then((attemptId) => {
        committedAtMs[attemptId] = Number(process.hrtime.bigint()) / 1e6;
      }),
    );
  }
  await Promise.all(guests);
  return { committedAtMs };
}

async function obey(order: SenderOrder): Promise<void> {
  if (order.kind === 'trickle') process.send?.(await trickle(order.messages, order.perSecond));
  else if (order.kind === 'send' && order.name === 'gateway') process.send?.(await drain(order.messages));
  else if (order.kind === 'send') process.send?.(await spent(() => loop.send(order.messages)));
  else {
    await loop.close();
    await close();
    process.disconnect();
  }
}

process.on('message', (order: SenderOrder) => void obey(order));
process.once('disconnect', () => process.exit());
process.send?.('ready');
