import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { guestpassWithAuditFile, guestpassWithAuditInMemory, guestpassWithFlushedFile } from './clients/guestpass.ts';
import { officialSdkClient } from './clients/official-sdk.ts';
import { undiciClient } from './clients/undici.ts';
import type { Client, Measure, Order } from './contract.ts';

const [name = '', url = '', connections = '50', scratch = ''] = process.argv.slice(2);
const client = await open();

async function open(): Promise<Client> {
  switch (name) {
    case 'undici':
      return undiciClient(url, Number(connections));
    case 'official-sdk':
      return officialSdkClient(url);
    case 'guestpass':
      return guestpassWithAuditFile(url, Number(connections), join(scratch, `audit-${process.pid}.jsonl`));
    case 'guestpass-flush':
      return guestpassWithFlushedFile(url, Number(connections), join(scratch, `audit-${process.pid}.jsonl`));
    case 'guestpass-memory':
      return guestpassWithAuditInMemory(url, Number(connections));
    default:
      throw new Error(`There is no client named ${name}.`);
  }
}

async function measure({ guests, concurrency, collect = false }: Order): Promise<Measure> {
  const latency = createHistogram();
  let left = guests;
  const caller = async () => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      await client.guest();
      latency.record(Math.max(1, Math.round((performance.now() - began) * 1000)));
    }
  };
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(Array.from({ length: concurrency }, caller));
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  if (collect) globalThis.gc?.();
  return {
    guests,
    cpuMicrosPerGuest: (user + system) / guests,
    guestsPerSecond: (guests / wallMs) * 1000,
    p50Ms: latency.percentile(50) / 1000,
    p99Ms: latency.percentile(99) / 1000,
    heapMiB: process.memoryUsage().heapUsed / 1_048_576,
  };
}

process.on('message', async (order: Order | 'close') => {
  if (order !== 'close') return process.send?.(await measure(order));
  await client.close();
  process.disconnect();
});
process.send?.('ready');
