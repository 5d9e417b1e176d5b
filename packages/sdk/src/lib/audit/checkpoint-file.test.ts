import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manualClock } from '../testing/manual-clock.ts';
import { canonicalJson } from './canonical-json.ts';
import { genesis } from './chain.ts';
import { hashOfCheckpoint, noCheckpoint, signCheckpoint, signRotation } from './checkpoint.ts';
import { type CheckpointFileOptions, openCheckpointFile } from './checkpoint-file.ts';
import { generateCheckpointKey, publicKeyText } from './checkpoint-keys.ts';
import { openLogFile } from './log-file.ts';
import { readAuditLines } from './log-lines.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

const key = generateCheckpointKey();
const successor = generateCheckpointKey();
const noon = Date.parse('2024-01-15T10:30:00Z');

const headAt = (sequence: number) => ({ sequence, hash: String(sequence).padStart(64, '0') });

async function folder() {
  const place = await mkdtemp(join(tmpdir(), 'guestpass-checkpoints-'));
  const path = join(place, 'deep', 'checkpoints.jsonl');
  return {
    path,
    open: (change: Partial<CheckpointFileOptions> = {}) =>
      openCheckpointFile(path, { origin: 'log-1', key, clock: manualClock(noon), ...change }),
    verify: () => verifyCheckpoints(readAuditLines(path), { publicKeys: [key, successor], origin: 'log-1' }),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true }),
  };
}

test('checkpoints are on the disk one behind the other, readable by their owner alone', async () => {
  await using place = await folder();
  await using file = await place.open();
  expect(file.last).toBeUndefined();
  const first = await file.seal(genesis);
  expect(first).toMatchObject({ origin: 'log-1', ...genesis, timestamp: '2024-01-15T10:30:00.000Z', kid: key.kid });
  const [second] = await Promise.all([file.seal(headAt(5)), file.seal(headAt(5)), file.seal(headAt(7))]);
  expect(second.sequence).toBe(5);
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 4, last: file.last });
  expect((await stat(place.path)).mode & 0o777).toBe(0o600);
});

test('the next process goes on behind the last checkpoint', async () => {
  await using place = await folder();
  {
    await using file = await place.open();
    await file.seal(headAt(5));
  }
  {
    await using file = await place.open();
    expect(file.last?.sequence).toBe(5);
    await file.seal(headAt(6));
  }
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 2 });
  expect(await readdir(join(place.path, '..'))).toEqual(['checkpoints.jsonl']);
});

test('the rest of a write that a crash cut short is set aside', async () => {
  await using place = await folder();
  {
    await using file = await place.open();
    await file.seal(headAt(5));
  }
  await appendFile(place.path, '{"hash":"');
  await using file = await place.open();
  await file.seal(headAt(6));
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 2 });
  expect(await readFile(`${place.path}.torn`, 'utf8')).toBe('{"hash":"\n');
});

test('a head that the log cannot have come to is not signed', async () => {
  await using place = await folder();
  await using file = await place.open();
  await file.seal(headAt(5));
  const refused = { code: 'storage_unavailable', retryable: false, remedy: expect.stringContaining('cut off') };
  await expect(file.seal(headAt(4))).rejects.toMatchObject(refused);
  await expect(file.seal({ ...headAt(5), hash: 'ab'.repeat(32) })).rejects.toMatchObject(refused);
  await file.seal(headAt(8));
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 2 });
});

test('what a failed write left behind is gone before the next one', async () => {
  await using place = await folder();
  let failures = 2;
  const fragile: CheckpointFileOptions['openFile'] = async (path, durability) => {
    const file = await openLogFile(path, durability);
    return {
      ...file,
      async append(bytes) {
        if (failures === 0) return await file.append(bytes);
        failures -= 1;
        await file.append(bytes.subarray(0, 20));
        throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      },
    };
  };
  await using file = await place.open({ openFile: fragile });
  const full = { code: 'storage_unavailable', retryable: true, message: expect.stringContaining('(ENOSPC)') };
  await expect(file.seal(headAt(5))).rejects.toMatchObject(full);
  await expect(file.seal(headAt(5))).rejects.toMatchObject(full);
  await file.seal(headAt(6));
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 1, last: { sequence: 6 } });
});

test('a new key takes over with a checkpoint that both sign, once', async () => {
  await using place = await folder();
  {
    await using file = await place.open();
    await file.seal(headAt(5));
  }
  {
    await using file = await place.open({ key: successor, previousKey: key });
    expect(await file.seal(headAt(6))).toMatchObject({ kid: key.kid, nextKid: successor.kid });
    expect(await file.seal(headAt(7))).toMatchObject({ kid: successor.kid });
  }
  {
    await using file = await place.open({ key: successor, previousKey: key });
    expect((await file.seal(headAt(8))).nextKid).toBeUndefined();
  }
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 4 });
});

test('keys that change twice are a line: the first one is enough to check by, and nobody gets into it', async () => {
  await using place = await folder();
  const third = generateCheckpointKey();
  const stranger = generateCheckpointKey();
  const keys = [key, successor, third];
  for (const [index, current] of keys.entries()) {
    const previousKey = keys[index - 1];
    await using file = await place.open({ key: current, ...(previousKey && { previousKey }) });
    await file.seal(headAt(2 * index + 1));
    await file.seal(headAt(2 * index + 2));
  }
  const lines = (await readFile(place.path, 'utf8')).trimEnd().split('\n');
  const check = (changed: readonly string[], publicKeys = [key]) => verifyCheckpoints(changed, { publicKeys });
  const proof = await check(lines);
  expect(proof).toMatchObject({ ok: true, checkpoints: 6, last: { kid: third.kid } });
  expect(proof.ok && proof.publicKeys.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
  // Neither the second key alone, which nobody introduced then, nor keys of no such line will do.
  expect(await check(lines, [successor])).toMatchObject({ ok: false, kind: 'unknown_key', line: 1 });

  const parsed = lines.map((line) => JSON.parse(line));
  const claimBehind = (count: number) => {
    const previous = count === 0 ? noCheckpoint : hashOfCheckpoint(lines[count - 1] ?? '');
    return { ...headAt(9), origin: 'log-1', timestamp: parsed[0].timestamp, previous };
  };
  const forged = (line: string) => check([...lines, line]);
  const claim = claimBehind(6);
  expect(await forged(signCheckpoint(claim, stranger).line)).toMatchObject({ kind: 'unknown_key', line: 7 });
  expect(await forged(signCheckpoint(claim, successor).line)).toMatchObject({ kind: 'wrong_key', line: 7 });
  expect(await forged(signRotation(claim, { from: stranger, to: stranger }).line)).toMatchObject({
    kind: 'unknown_key',
  });
  // Given with the others, but never introduced.
  const given = [key, stranger];
  expect(await check([...lines, signCheckpoint(claim, stranger).line], given)).toMatchObject({ kind: 'wrong_key' });
  // The introduced key is signed too: another one in its place breaks both signatures.
  const swapped = canonicalJson({ ...parsed[2], nextPublicKey: publicKeyText(stranger), nextKid: stranger.kid });
  expect(await check(lines.with(2, swapped))).toMatchObject({ kind: 'bad_signature', line: 3 });
  const misnamed = canonicalJson({ ...parsed[2], nextPublicKey: publicKeyText(stranger) });
  expect(await check(lines.with(2, misnamed))).toMatchObject({ kind: 'bad_signature', line: 3 });
  const { nextSignature: _, ...half } = parsed[2];
  expect(await check(lines.with(2, canonicalJson(half)))).toMatchObject({ kind: 'malformed', line: 3 });
});

test('after the hand-over the key before is not needed any more', async () => {
  await using place = await folder();
  {
    await using file = await place.open();
    await file.seal(headAt(5));
  }
  {
    await using file = await place.open({ key: successor, previousKey: key });
    await file.seal(headAt(6));
  }
  await using file = await place.open({ key: successor });
  await file.seal(headAt(7));
  expect(await place.verify()).toMatchObject({ ok: true, checkpoints: 3 });
});

test('a file that cannot be gone on with is not opened, and nothing of it is changed', async () => {
  await using place = await folder();
  {
    await using file = await place.open();
    await file.seal(headAt(5));
  }
  const refused = (detail: string) => ({
    code: 'storage_unavailable',
    retryable: false,
    detail: expect.stringContaining(detail),
  });
  await expect(place.open({ key: successor })).rejects.toMatchObject(refused(`key ${key.kid}, which was not given`));
  await expect(place.open({ origin: 'log-2' })).rejects.toMatchObject(refused('another log'));
  {
    await using _ = await place.open();
    await expect(place.open()).rejects.toMatchObject({
      detail: expect.stringContaining('is being written by process'),
    });
  }
  const text = await readFile(place.path, 'utf8');
  await writeFile(place.path, text.replace('"sequence":5', '"sequence":6'));
  await expect(place.open()).rejects.toMatchObject(refused('is not what was signed'));
  await writeFile(place.path, 'broken\n');
  await expect(place.open()).rejects.toMatchObject(refused('is not a JSON object'));
  expect(await readdir(join(place.path, '..'))).toEqual(['checkpoints.jsonl']);
  await expect(openCheckpointFile(join(place.path, '..'), { origin: 'log-1', key })).rejects.toMatchObject({
    code: 'storage_unavailable',
    detail: expect.stringContaining('(EISDIR)'),
  });
});
