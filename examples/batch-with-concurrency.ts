// Lets many guests in, a few at a time, and keeps a record of each in a log that can be verified.
// Run: node --conditions=guestpass-source examples/batch-with-concurrency.ts
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator } from '@guestpass/simulator';
import { type Attempt, createGuestpass } from 'guestpass';
import { jsonlAuditLog, readAuditLines, verifyAuditLog } from 'guestpass/audit';

const directory = await mkdtemp(join(tmpdir(), 'guestpass-batch-'));
const log = join(directory, 'audit.jsonl');

await using simulator = createSimulator({ requestsPerMinute: 6000 });
const { url } = await simulator.listen();
// A platform of a bad day: some answers are 429, some 503.
simulator.faults.add({ operation: 'guest', status: 429, times: 10, probability: 0.3, headers: { 'Retry-After': '0' } });
simulator.faults.add({ operation: 'guest', status: 503, times: 5, probability: 0.1 });

const guests = Array.from({ length: 100 }, (_, visit) => ({
  channelId: visit % 20 === 0 ? 'disabled' : 'demo',
  consent: { accepted: visit % 25 !== 1, timestamp: new Date().toISOString() },
  attributes: { visit },
}));

/** Takes the payloads one by one, `concurrency` at a time. */
async function admitAll(payloads: readonly unknown[], concurrency: number): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const queue = payloads.entries();
  const worker = async () => {
    for (const [index, payload] of queue) attempts[index] = await guestpass.attempt(payload);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return attempts;
}

const audit = await jsonlAuditLog(log);
const guestpass = createGuestpass({
  environment: url,
  clientId: 'sim-client',
  clientSecret: 'sim-secret',
  requestsPerMinute: 6000,
  // Nobody waits in front of a batch: it may try as often as the platform could possibly refuse.
  retry: { retries: 15, baseDelayMs: 20 },
  audit,
});
const attempts = await admitAll(guests, 10);
await guestpass.close();
const { head } = audit;
await audit[Symbol.asyncDispose]();

const { admitted, refused, failed, unknown, successRate, latencyMs } = guestpass.stats();
console.log({ admitted, refused, failed, unknown, successRate, latencyMs });
assert.deepEqual({ admitted, refused, failed, unknown }, { admitted: 91, refused: 4, failed: 5, unknown: 0 });
assert.ok(
  attempts.some(({ retries }) => retries > 0),
  'some guests met a 429 or a 503 and came in all the same',
);

const proof = await verifyAuditLog(readAuditLines(log), { expectedHead: head });
assert.deepEqual([proof.ok, head.sequence], [true, 200]);
console.log(`The audit log of ${head.sequence} records is whole.`);
await rm(directory, { recursive: true });
