import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type AuditSink, jsonlAuditLog, readAuditLines, verifyAuditLog } from 'guestpass/audit';
import { machine, median } from './report.ts';

/**
 * Verifies a log of many records, turn by turn with a bare loop that reads the same lines, parses each, and hashes it:
 * the least a verifier could do.
 */
const { values: flags } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, guests: { type: 'string', default: '100000' } },
});
const guests = Number(flags.guests);
const rounds = flags.quick ? 5 : 15;

interface Verified {
  readonly records: number;
  readonly wallMs: number;
  readonly cpuMs: number;
}

const scratch = await mkdtemp(join(tmpdir(), 'guestpass-bench-'));
const path = join(scratch, 'audit.jsonl');
await write();

const rows = [
  { label: 'bare loop: line read, parsed, hashed', work: readBare },
  { label: 'guestpass, the whole chain verified', work: verify },
] as const;
const measured = new Map<string, Verified[]>(rows.map(({ label }) => [label, []]));
for (let round = -1; round < rounds; round += 1) {
  for (const { label, work } of rows) {
    const one = await measure(work);
    if (one.records !== 2 * guests) throw new Error(`${label} met ${one.records} records of ${2 * guests}.`);
    if (round >= 0) measured.get(label)?.push(one);
  }
}
report();
await rm(scratch, { recursive: true });

async function write(): Promise<void> {
  await using log = await jsonlAuditLog(path, { durability: 'flush' });
  for (let first = 0; first < guests; first += 1000) {
    const many = Array.from({ length: Math.min(1000, guests - first) }, (_, index) => first + index);
    await Promise.all(many.map((number) => recordGuest(log, number)));
  }
}

async function recordGuest(log: AuditSink, number: number): Promise<void> {
  const both = {
    attemptId: `att_${number}`,
    channelId: 'demo',
    consentTimestamp: '2024-01-15T10:30:00Z',
    captchaProvider: 'recaptcha',
    timestamp: '2024-01-15T10:30:01.000Z',
  };
  await log.record({ eventType: 'WEBMESSAGING_GUEST_REQUESTED', ...both });
  await log.record({
    eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
    ...both,
    guestId: `guest-${number}`,
    latencyMs: 12.34,
    successRate: 100,
    outcome: 'admitted',
    code: null,
    retries: 0,
    stages: { payload: 0.1, audit: 1.5, consent: 0.02, channel: 0, captcha: 0.01, token: 0.02, guest: 12.34 },
    correlationId: '3b7f2c1e-9d8a-4f0c-a6d9-a4e4d0d8f5a2',
    captcha: { verified: false, score: 0.9 },
  });
}

async function readBare(): Promise<number> {
  let records = 0;
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (JSON.parse(line).hash !== hash('sha256', line)) records += 1;
  }
  return records;
}

async function verify(): Promise<number> {
  const verdict = await verifyAuditLog(readAuditLines(path));
  if (!verdict.ok) throw new Error('The log is not whole.');
  return verdict.records;
}

async function measure(work: () => Promise<number>): Promise<Verified> {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const records = await work();
  const wallMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpu);
  return { records, wallMs, cpuMs: (user + system) / 1000 };
}

function report(): void {
  console.log(`\n${machine()}, ${rounds} rounds, ${2 * guests} records\n`);
  console.log('| verifier | records/s | CPU µs / record | × bare |');
  console.log('|---|---|---|---|');
  const bare = measured.get(rows[0].label) ?? [];
  for (const { label } of rows) {
    const all = measured.get(label) ?? [];
    const ratios = all.map(({ cpuMs }, index) => cpuMs / (bare[index]?.cpuMs ?? Number.NaN));
    const cells = [
      Math.round(median(all.map(({ records, wallMs }) => (records / wallMs) * 1000))).toLocaleString('en-US'),
      median(all.map(({ records, cpuMs }) => (cpuMs / records) * 1000)).toFixed(2),
      median(ratios).toFixed(2),
    ];
    console.log(`| ${label} | ${cells.join(' | ')} |`);
  }
}
