import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import type { Order, Ready, Spent } from './gateway/order.ts';
import { postgresCpuMicros } from './gateway/postgres-cpu.ts';
import { payload } from './payload.ts';
import { machine, median } from './report.ts';

/**
 * Lets guests in through the gateway, and through a bare handler that only calls the platform, turn by turn. Each
 * server is a process of its own; platform, database and visitors share the machine with it.
 */
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    concurrency: { type: 'string', default: '100' },
    guests: { type: 'string', default: '3000' },
  },
});
const concurrency = Number(flags.concurrency);
const guests = Number(flags.guests);
const rounds = flags.quick ? 3 : 8;

const rows = [
  { name: 'bare', label: 'bare Hono handler' },
  { name: 'gateway', label: 'gateway, intent and outcome durable' },
  { name: 'gateway-webhooks', label: 'gateway, durable, a webhook for each guest sent meanwhile' },
] as const;

interface Round {
  readonly cpuMicros: number;
  readonly databaseMicros: number;
  readonly guestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Running extends Ready {
  readonly child: ChildProcess;
  readonly pool: Pool;
}

const home = join(import.meta.dirname, '..', '.guestpass');
await mkdir(home, { recursive: true });
const scratch = await mkdtemp(join(home, 'bench-'));
const platform = start('platform.ts', []);
const { url: platformUrl } = await answer<{ readonly url: string }>(platform);

const running = new Map<string, Running>();
for (const { name } of rows) {
  const child = start('gateway/serve.ts', [name, platformUrl, join(scratch, name)]);
  const ready = await answer<Ready>(child);
  running.set(name, { ...ready, child, pool: new Pool(ready.url, { connections: concurrency }) });
}

const measured = new Map<string, Round[]>(rows.map(({ name }) => [name, []]));
for (let round = -1; round < rounds; round += 1) {
  for (const { name } of rows) {
    const one = await measure(runningAs(name));
    if (round >= 0) measured.get(name)?.push(one);
  }
}

report();
for (const { child, pool } of running.values()) {
  await pool.close();
  child.send('close' satisfies Order);
  await once(child, 'exit');
}
platform.disconnect();
await rm(scratch, { recursive: true });

function start(file: string, args: readonly string[]): ChildProcess {
  return fork(join(import.meta.dirname, file), args, { execArgv: ['--conditions=guestpass-source'] });
}

async function answer<T>(child: ChildProcess): Promise<T> {
  // A cast, because both ends are ours.
  const [message] = (await once(child, 'message')) as [T];
  return message;
}

function runningAs(name: string): Running {
  const one = running.get(name);
  if (!one) throw new Error(`${name} is not running.`);
  return one;
}

async function cpuOf(child: ChildProcess): Promise<number> {
  child.send('cpu' satisfies Order);
  return (await answer<Spent>(child)).cpuMicros;
}

async function measure({ child, pool, databaseDirectory }: Running): Promise<Round> {
  const latency = createHistogram();
  const body = JSON.stringify(payload);
  const headers = { 'content-type': 'application/json' };
  let left = guests;
  const visitor = async () => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      const response = await pool.request({ path: '/v1/guests', method: 'POST', headers, body });
      const text = await response.body.text();
      if (response.statusCode !== 201) throw new Error(`${response.statusCode} ${text}`);
      latency.record(Math.max(1, Math.round((performance.now() - began) * 1_000)));
    }
  };
  const database = () => (databaseDirectory === undefined ? 0 : (postgresCpuMicros(databaseDirectory) ?? Number.NaN));
  const [cpuBefore, databaseBefore] = [await cpuOf(child), database()];
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, visitor));
  const wallMs = performance.now() - began;
  const [cpuAfter, databaseAfter] = [await cpuOf(child), database()];
  return {
    cpuMicros: (cpuAfter - cpuBefore) / guests,
    databaseMicros: (databaseAfter - databaseBefore) / guests,
    guestsPerSecond: (guests / wallMs) * 1_000,
    p50Ms: latency.percentile(50) / 1_000,
    p99Ms: latency.percentile(99) / 1_000,
  };
}

function report(): void {
  const setting = `${rounds} rounds of ${guests} guests, ${concurrency} at once`;
  console.log(`\n${machine()}, ${setting}\n`);
  console.log('| server | guests/s | p50 ms | p99 ms | CPU µs / guest | × bare | database CPU µs / guest |');
  console.log('|---|---|---|---|---|---|---|');
  const bare = measured.get('bare') ?? [];
  for (const { name, label } of rows) {
    const all = measured.get(name) ?? [];
    const ratios = all.map(({ cpuMicros }, index) => cpuMicros / (bare[index]?.cpuMicros ?? Number.NaN));
    const cells = [
      Math.round(median(all.map((one) => one.guestsPerSecond))).toLocaleString('en-US'),
      median(all.map((one) => one.p50Ms)).toFixed(1),
      median(all.map((one) => one.p99Ms)).toFixed(1),
      median(all.map((one) => one.cpuMicros)).toFixed(0),
      median(ratios).toFixed(2),
      median(all.map((one) => one.databaseMicros)).toFixed(0),
    ];
    console.log(`| ${label} | ${cells.join(' | ')} |`);
  }
}
