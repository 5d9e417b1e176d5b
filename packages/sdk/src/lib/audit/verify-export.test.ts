import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis, link, seal } from './chain.ts';
import { noCheckpoint, signCheckpoint } from './checkpoint.ts';
import { generateCheckpointKey } from './checkpoint-keys.ts';
import { type ExportManifest, parseManifest, signManifest } from './manifest.ts';
import { verifyExport } from './verify-export.ts';

const key = generateCheckpointKey();
const stranger = generateCheckpointKey();
const timestamp = '2024-01-15T10:30:00.000Z';

function chain(length: number) {
  const heads: ChainHead[] = [genesis];
  const lines: string[] = [];
  for (let index = 0; index < length; index += 1) {
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
  return { lines, heads };
}

const { lines, heads } = chain(20);
const at = (sequence: number) => heads[sequence] ?? genesis;
const checkpointAt = (sequence: number) =>
  signCheckpoint({ origin: 'log', ...at(sequence), timestamp, previous: noCheckpoint }, key).checkpoint;

/** Records 6 to 15 of a log of 20, in a file, and their manifest. */
async function exported(
  text = lines
    .slice(5, 15)
    .map((line) => `${line}\n`)
    .join(''),
) {
  const place = await mkdtemp(join(tmpdir(), 'guestpass-export-'));
  const path = join(place, 'export');
  await writeFile(path, text);
  const manifest: ExportManifest = {
    format: 'jsonl',
    from: 6,
    to: 15,
    count: 10,
    previousHash: at(5).hash,
    firstHash: at(6).hash,
    lastHash: at(15).hash,
    bytes: Buffer.byteLength(text),
    sha256: createHash('sha256').update(text).digest('hex'),
    head: at(20),
    checkpoint: checkpointAt(10),
    generatedAt: timestamp,
    tool: 'test 1',
  };
  const check = (changed: object = manifest, options = {}) =>
    verifyExport(path, JSON.stringify(changed, null, 2), options);
  return { path, manifest, check, [Symbol.asyncDispose]: () => rm(place, { recursive: true }) };
}

test('an export that is what its manifest says is found good, signed or not', async () => {
  await using file = await exported();
  expect(await file.check()).toMatchObject({ ok: true, signed: false, records: { records: 10, head: at(15) } });
  const signed = signManifest(file.manifest, key);
  expect(await file.check(signed, { publicKeys: [key] })).toMatchObject({ ok: true, signed: true, manifest: signed });
});

test('the first bad record of an export is named', async () => {
  const part = lines.slice(5, 15);
  const join = (changed: readonly string[]) => changed.map((line) => `${line}\n`).join('');
  const check = async (changed: readonly string[]) => {
    await using file = await exported(join(changed));
    return await file.check();
  };
  const { hash: _, ...members } = JSON.parse(part[9] ?? '');
  const forged = seal(canonicalJson({ ...members, channelId: 'other' })).line;
  expect(await check(part.with(3, part[3]?.replace('demo', 'oops') ?? ''))).toMatchObject({
    kind: 'edited',
    sequence: 9,
  });
  expect(await check(part.toSpliced(3, 1))).toMatchObject({ kind: 'missing', line: 4, sequence: 9 });
  expect(await check(part.slice(0, 9))).toMatchObject({ kind: 'truncated', sequence: 15 });
  expect(await check(part.with(9, forged))).toMatchObject({ kind: 'rewritten', sequence: 15 });
  expect(await check([...part, lines[15] ?? ''])).toMatchObject({ kind: 'inserted', sequence: 16 });
});

test('a record that is not the one the checkpoint in the manifest names is found', async () => {
  await using file = await exported();
  const checkpoint = { ...checkpointAt(10), hash: 'ab'.repeat(32) };
  expect(await file.check({ ...file.manifest, checkpoint })).toMatchObject({ kind: 'rewritten', sequence: 10 });
});

test('a manifest of another file is found', async () => {
  await using file = await exported();
  const refused = { ok: false, kind: 'manifest' };
  for (const change of [{ sha256: 'ab'.repeat(32) }, { bytes: 1 }, { count: 9 }, { firstHash: 'ab'.repeat(32) }]) {
    expect(await file.check({ ...file.manifest, ...change })).toMatchObject(refused);
  }
  // Each record is sound, but the file is not the one that was written.
  await using open = await exported(lines.slice(5, 15).join('\n'));
  expect(await open.check({ ...open.manifest, sha256: file.manifest.sha256 })).toMatchObject(refused);
});

test('a manifest that is to be trusted must be signed, by a known key, as it stands', async () => {
  await using file = await exported();
  const detail = async (manifest: object) => {
    const result = await file.check(manifest, { publicKeys: [key] });
    return result.ok ? 'ok' : result.detail;
  };
  expect(await detail(file.manifest)).toBe('The manifest is not signed.');
  expect(await detail(signManifest(file.manifest, stranger))).toContain('which was not given');
  expect(await detail({ ...signManifest(file.manifest, key), tool: 'other' })).toBe(
    'The manifest is not what was signed.',
  );
  const checkpoint = { ...checkpointAt(10), origin: 'other' };
  expect(await detail(signManifest({ ...file.manifest, checkpoint }, key))).toContain('checkpoint in the manifest');
});

test('a table is checked as a whole', async () => {
  await using file = await exported('sequence,eventType\r\n1,X\r\n');
  const manifest = { ...file.manifest, format: 'csv' };
  expect(await file.check(manifest)).toMatchObject({ ok: true, records: null });
  await writeFile(file.path, 'sequence,eventType\r\n1,Y\r\n');
  expect(await file.check(manifest)).toMatchObject({ kind: 'manifest', detail: expect.stringContaining('SHA-256') });
});

test('an export without records is good when it is empty', async () => {
  await using file = await exported('');
  const none = { previousHash: null, firstHash: null, lastHash: null, count: 0, from: 21, to: 20 };
  const checkpoints = { files: [[]], publicKeys: [key] };
  expect(await file.check({ ...file.manifest, ...none }, { checkpoints })).toMatchObject({ ok: true });
});

test('text that is no manifest, or contradicts itself, is refused by what is wrong with it', async () => {
  await using file = await exported();
  const contradiction = 'The manifest contradicts itself.';
  expect(parseManifest('{')).toBe('The manifest is not usable at /.');
  expect(parseManifest(JSON.stringify({ ...file.manifest, count: -1, sha256: 'x' }))).toBe(
    'The manifest is not usable at /count, /sha256.',
  );
  expect(parseManifest(JSON.stringify({ ...file.manifest, count: 0 }))).toBe(contradiction);
  expect(parseManifest(JSON.stringify({ ...file.manifest, head: { ...at(20), sequence: 15 } }))).toBe(contradiction);
});
