import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine, median } from './report.ts';
import type { Arrivals, ReceiverOrder, SenderOrder, Sent, Trickled } from './webhooks/order.ts';

/**
 * Tells a fast receiver of guests, by the gateway's queue and by a bare loop of POSTs that keeps nothing, turn by turn:
 * first a backlog as fast as it goes, then one guest after the other. The receiver is a process of its own; the
 * database shares the machine.
 */
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    messages: { type: 'string', default: '3000' },
    'per-second': { type: 'string', default: '100' },
  },
});
const messages = Number(flags.messages);
const perSecond = Number(flags['per-second']);
const rounds = flags.quick ? 3 : 8;

const rows = [
  { name: 'undici', label: 'bare loop: signed, posted, forgotten' },
  { name: 'gateway', label: 'gateway, a backlog with each try on record' },
] as const;

const home = join(import.meta.dirname, '..', '.guestpass');
await mkdir(home, { recursive: true });
const scratch = await mkdtemp(join(home, 'bench-'));
const receiver = start('receiver.ts', []);
const { url } = await answer<{ readonly url: string }>(receiver);
const sender = start('sender.ts', [url, join(scratch, 'database')]);
await answer(sender);

const measured = new Map<string, Sent[]>(rows.map(({ name }) => [name, []]));
for (let round = -1; round < rounds; round += 1) {
  for (const { name } of rows) {
    const one = await order<Sent>({ kind: 'send', name, messages });
    const { count } = await arrivals('take');
    if (count < messages) throw new Error(`${count} of ${messages} messages arrived.`);
    if (round >= 0) measured.get(name)?.push(one);
  }
}
const waits = await waitsOf(3 * perSecond);

report();
sender.send({ kind: 'close' } satisfies SenderOrder);
await once(sender, 'exit');
receiver.disconnect();
await rm(scratch, { recursive: true });

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, 'webhooks', file), args, { execArgv: ['--conditions=guestpass-source'] });
}

async function answer<T>(child: ChildProcess): Promise<T> {
  // A cast, because both ends are ours.
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

function order<T>(given: SenderOrder): Promise<T> {
  sender.send(given);
  return answer<T>(sender);
}

function arrivals(given: ReceiverOrder): Promise<Arrivals> {
  receiver.send(given);
  return answer<Arrivals>(receiver);
}

/** From the moment a guest is on record to the first byte of its webhook, in milliseconds, in order. */
async function waitsOf(guests: number): Promise<readonly number[]> {
  const { committedAtMs } = await order<Trickled>({ kind: 'trickle', messages: guests, perSecond });
  while ((await arrivals('look')).count < guests) await sleep(50);
  const { firstAtMs } = await arrivals('take');
  const spans = Object.entries(committedAtMs).map(([id, atMs]) => (firstAtMs[id] ?? Number.NaN) - atMs);
  return spans.toSorted((a, b) => a - b);
}

function report(): void {
  const setting = `${rounds} rounds of ${messages} deliveries`;
  console.log(`\n${machine()}, ${setting}\n`);
  console.log('| sender | deliveries/s | CPU µs / delivery | × bare | database CPU µs / delivery |');
  console.log('|---|---|---|---|---|');
  const bare = measured.get('undici') ?? [];
  for (const { name, label } of rows) {
    const all = measured.get(name) ?? [];
    const ratios = all.map(({ cpuMicros }, index) => cpuMicros / (bare[index]?.cpuMicros ?? Number.NaN));
    const cells = [
      Math.round(median(all.map(({ wallMs }) => (messages / wallMs) * 1_000))).toLocaleString('en-US'),
      median(all.map(({ cpuMicros }) => cpuMicros / messages)).toFixed(0),
      median(ratios).toFixed(2),
      median(all.map(({ databaseMicros }) => databaseMicros / messages)).toFixed(0),
    ];
    console.log(`| ${label} | ${cells.join(' | ')} |`);
  }
  const at = (share: number) => (waits[Math.floor(waits.length * share)] ?? Number.NaN).toFixed(1);
  console.log(`\nFrom the commit to the receiver, ${perSecond} guests a second: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}
