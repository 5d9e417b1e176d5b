import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measure, Order } from './contract.ts';
import { machine, median } from './report.ts';

/**
 * Runs each client in a process of its own against the minimal platform, turn by turn, and prints CPU per guest. The
 * ratio is taken within each round: it survives a noisy machine, absolute figures do not.
 */
const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, concurrency: { type: 'string', default: '50' } },
});
const concurrency = Number(flags.concurrency);
const rounds = flags.quick ? 8 : 24;
const guests = flags.quick ? 6_000 : 12_000;
const manyGuests = 100_000;

const clients = [
  { name: 'undici', label: 'raw undici.request', guests },
  { name: 'guestpass', label: 'guestpass, whole pipeline, audit file synced', guests },
  { name: 'guestpass-flush', label: 'guestpass, whole pipeline, audit file flushed', guests },
  { name: 'guestpass-memory', label: 'guestpass, whole pipeline, audit in memory', guests },
  { name: 'official-sdk', label: 'purecloud-platform-client-v2', guests: Math.round(guests / 6) },
] as const;

const scratch = await mkdtemp(join(tmpdir(), 'guestpass-bench-'));
const platform = start('platform.ts', []);
const [{ url }] = (await once(platform, 'message')) as [{ url: string }];

const running = new Map<string, ChildProcess>();
for (const { name } of clients) {
  const child = start('client.ts', [name, url, String(Math.min(concurrency, 64)), scratch]);
  await once(child, 'message');
  running.set(name, child);
}

const measured = new Map<string, Measure[]>(clients.map(({ name }) => [name, []]));
for (let round = -4; round < rounds; round += 1) {
  for (const client of clients) {
    const measure = await order(client.name, { guests: client.guests, concurrency });
    if (round >= 0) measured.get(client.name)?.push(measure);
  }
}
const memory = [await order('guestpass', { guests: 1_000, concurrency, collect: true })];
memory.push(await order('guestpass', { guests: manyGuests, concurrency, collect: true }));

report();

for (const child of running.values()) {
  child.send('close');
  await once(child, 'exit');
}
platform.disconnect();
await once(platform, 'exit');
await rm(scratch, { recursive: true });

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, {
    execArgv: ['--conditions=guestpass-source', '--expose-gc', '--disable-warning=ExperimentalWarning'],
  });
}

async function order(name: string, what: Order): Promise<Measure> {
  const child = running.get(name);
  if (!child) throw new Error(`${name} is not running.`);
  child.send(what);
  const [measure] = (await once(child, 'message')) as [Measure];
  return measure;
}

function report(): void {
  console.log(`\n${machine()}, ${rounds} rounds, concurrency ${concurrency}\n`);
  console.log('| client | CPU µs / guest | ratio to raw undici | guests/s | p50 ms | p99 ms |');
  console.log('|---|---|---|---|---|---|');
  const yardstick = measured.get('undici') ?? [];
  for (const { name, label } of clients) {
    const rows = measured.get(name) ?? [];
    const ratios = rows.map((row, i) => (yardstick[i]?.cpuMicrosPerGuest ?? Number.NaN) / row.cpuMicrosPerGuest);
    const cells = [
      median(rows.map((row) => row.cpuMicrosPerGuest)).toFixed(1),
      `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`,
      Math.round(median(rows.map((row) => row.guestsPerSecond))).toLocaleString('en-US'),
      median(rows.map((row) => row.p50Ms)).toFixed(2),
      median(rows.map((row) => row.p99Ms)).toFixed(2),
    ];
    console.log(`| ${label} | ${cells.join(' | ')} |`);
  }
  const [before, after] = memory.map(({ heapMiB }) => heapMiB.toFixed(1));
  console.log(
    `\nHeap of guestpass after collection: ${before} MiB, and after ${manyGuests.toLocaleString('en-US')} more guests: ${after} MiB.`,
  );
}
