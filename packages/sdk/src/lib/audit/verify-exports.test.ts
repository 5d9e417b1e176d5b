import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChainHead, genesis, link } from './chain.ts';
import { noCheckpoint, signCheckpoint } from './checkpoint.ts';
import { generateCheckpointKey } from './checkpoint-keys.ts';
import { type ExportManifest, signManifest } from './manifest.ts';
import { verifyExport } from './verify-export.ts';
import { verifyExports } from './verify-exports.ts';

const key = generateCheckpointKey();
const timestamp = '2024-01-15T10:30:00.000Z';

const lines: string[] = [];
const heads: ChainHead[] = [genesis];
for (let index = 0; index < 12; index += 1) {
  const event = {
    eventType: 'WEBMESSAGING_GUEST_REQUESTED',
    attemptId: `att_${index}`,
    channelId: 'demo',
    consentTimestamp: timestamp,
    captchaProvider: null,
    timestamp,
  } as const;
  const { record, line } = link(event, heads[index] ?? genesis);
  lines.push(line);
  heads.push({ sequence: record.sequence, hash: record.hash });
}

const hashAt = (sequence: number) => heads[sequence]?.hash ?? '';
const checkpointAt = (sequence: number) =>
  signCheckpoint({ origin: 'log', sequence, hash: hashAt(sequence), timestamp, previous: noCheckpoint }, key);

let place: string;

beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'guestpass-exports-'));
});

afterEach(() => rm(place, { recursive: true }));

/** A file of these records and its manifest. */
async function exported(sequences: readonly number[], change: Partial<ExportManifest> = {}, text?: string) {
  const [first = 1] = sequences;
  const last = sequences.at(-1) ?? 0;
  const written = text ?? sequences.map((sequence) => `${lines[sequence - 1]}\n`).join('');
  const path = join(place, `export-${first}-${last}-${sequences.length}`);
  await writeFile(path, written);
  const empty = sequences.length === 0;
  const manifest: ExportManifest = {
    format: 'jsonl',
    from: first,
    to: last,
    count: sequences.length,
    previousHash: empty ? null : hashAt(first - 1),
    firstHash: empty ? null : hashAt(first),
    lastHash: empty ? null : hashAt(last),
    bytes: Buffer.byteLength(written),
    sha256: createHash('sha256').update(written).digest('hex'),
    head: { sequence: 12, hash: hashAt(12) },
    checkpoint: null,
    generatedAt: timestamp,
    tool: 'test 1',
    ...change,
  };
  return { path, manifest: JSON.stringify(signManifest(manifest, key)) };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('exports that follow each other are one log, in whatever order they are given', async () => {
  const files = [await exported(range(8, 12)), await exported(range(1, 4)), await exported(range(5, 7))];
  const checkpoints = { files: [[checkpointAt(6).line]], publicKeys: [key] };
  const result = await verifyExports(files, { publicKeys: [key], checkpoints });
  expect(result).toMatchObject({ ok: true, signed: true, records: { records: 12, head: heads[12], after: genesis } });
  expect(result.ok && result.manifests.map(({ from }) => from)).toEqual([1, 5, 8]);
});

test('a part that holds no record joins any', async () => {
  const files = [await exported(range(3, 12)), await exported([], { from: 13, to: 12 })];
  expect(await verifyExports(files)).toMatchObject({ ok: true, records: { records: 10, after: { sequence: 2 } } });
});

test('a gap between exports, and a part that is of another log, are found', async () => {
  const gap = await verifyExports([await exported(range(1, 4)), await exported(range(6, 12))]);
  expect(gap).toMatchObject({ ok: false, kind: 'manifest', file: 1, detail: expect.stringContaining('6 to 12') });
  const other = await exported(range(5, 12), { previousHash: 'ab'.repeat(32) });
  expect(await verifyExports([await exported(range(1, 4)), other])).toMatchObject({ kind: 'manifest', file: 1 });
});

test('the first bad record is named with its file and its line there', async () => {
  const changed = `${lines[5]?.replace('demo', 'oops')}\n`;
  const text = range(5, 8).map((sequence) => (sequence === 6 ? changed : `${lines[sequence - 1]}\n`));
  const files = [
    await exported(range(9, 12)),
    await exported(range(1, 4)),
    await exported(range(5, 8), {}, text.join('')),
  ];
  expect(await verifyExports(files)).toMatchObject({ ok: false, kind: 'edited', file: 2, line: 2, sequence: 6 });
});

test('a file that is not the one of its manifest is found, and so is a manifest that nobody known signed', async () => {
  const files = [await exported(range(1, 4)), await exported(range(5, 12), { sha256: 'ab'.repeat(32) })];
  expect(await verifyExports(files)).toMatchObject({ kind: 'manifest', file: 1 });
  const publicKeys = [generateCheckpointKey()];
  expect(await verifyExports(files, { publicKeys })).toMatchObject({ kind: 'manifest', file: 0 });
});

test('a table or a filtered export is checked alone', async () => {
  const filter = { eventTypes: ['X'] };
  const files = [await exported(range(1, 4)), await exported(range(5, 12), { filter })];
  const refused = { kind: 'manifest', file: 1, detail: expect.stringContaining('without a filter') };
  expect(await verifyExports(files)).toMatchObject(refused);
});

test('records that were picked are checked each by itself and against checkpoints', async () => {
  const filter = { attemptIds: ['att_1'] };
  const picked = [2, 5, 6, 9];
  const check = async (text?: string, checkpoint = checkpointAt(6).line) => {
    const { path, manifest } = await exported(picked, { from: 1, to: 12, filter }, text);
    const checkpoints = { files: [[checkpoint]], publicKeys: [key] };
    return await verifyExport(path, manifest, { publicKeys: [key], checkpoints });
  };
  const join = (sequences: readonly number[]) => sequences.map((sequence) => `${lines[sequence - 1]}\n`).join('');
  expect(await check()).toMatchObject({ ok: true, signed: true, records: null, picked: { records: 4, met: 1 } });
  expect(await check(join(picked).replace('att_4', 'att_x'))).toMatchObject({ kind: 'edited', line: 2, sequence: 5 });
  expect(await check(join([2, 6, 5, 9]))).toMatchObject({ kind: 'reordered', line: 3, sequence: 5 });
  expect(await check(join([2, 5, 5, 9]))).toMatchObject({ kind: 'duplicate', line: 3, sequence: 5 });
  expect(await check(`${join([2])}{}\n`)).toMatchObject({ kind: 'malformed', line: 2 });
  // One left out is told by the manifest alone.
  expect(await check(join([2, 5, 9]))).toMatchObject({ kind: 'manifest' });
  const claim = { origin: 'log', sequence: 6, hash: hashAt(7), timestamp, previous: noCheckpoint };
  expect(await check(undefined, signCheckpoint(claim, key).line)).toMatchObject({ kind: 'rewritten', sequence: 6 });
  const { path, manifest } = await exported(picked, { from: 3, to: 12, filter });
  expect(await verifyExport(path, manifest)).toMatchObject({ kind: 'inserted', line: 1, sequence: 2 });
});

test('a log whose beginning was archived is whole from there, and the beginning must be signed', async () => {
  const genesisAt = (sequence: number, signer = key) =>
    signCheckpoint({ origin: 'log', sequence, hash: hashAt(sequence), timestamp, previous: noCheckpoint }, signer)
      .checkpoint;
  const check = async (change: Partial<ExportManifest>) => {
    const { path, manifest } = await exported(range(5, 12), change);
    return await verifyExport(path, manifest, { publicKeys: [key] });
  };
  expect(await check({ genesis: genesisAt(4) })).toMatchObject({ ok: true, records: { after: { sequence: 4 } } });
  const contradiction = { kind: 'manifest', detail: 'The manifest contradicts itself.' };
  expect(await check({ genesis: genesisAt(5) })).toMatchObject(contradiction);
  expect(await check({ genesis: { ...genesisAt(4), hash: hashAt(3) } })).toMatchObject(contradiction);
  expect(await check({ genesis: genesisAt(4, generateCheckpointKey()) })).toMatchObject({ kind: 'manifest' });
});
