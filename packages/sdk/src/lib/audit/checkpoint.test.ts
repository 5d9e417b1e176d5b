import { verify } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { genesis, seal } from './chain.ts';
import {
  type CheckpointClaim,
  hashOfCheckpoint,
  noCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
  signRotation,
} from './checkpoint.ts';
import { type CheckpointKey, generateCheckpointKey } from './checkpoint-keys.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

const key = generateCheckpointKey();
const successor = generateCheckpointKey();
const stranger = generateCheckpointKey();
const publicKeys = [key, successor];

/** What the checkpoint on a line claims: ten records more each time. */
function claim(index: number, change: Partial<CheckpointClaim> = {}): CheckpointClaim {
  const { hash } = seal(`{"record":${index * 10}}`);
  const timestamp = new Date(Date.parse('2024-01-15T10:30:00Z') + index * 600_000).toISOString();
  return { origin: 'log-1', sequence: index * 10, hash, timestamp, previous: noCheckpoint, ...change };
}

/** Signs each checkpoint behind the one before. */
function fileOf(signers: readonly ((claim: CheckpointClaim) => SignedCheckpoint)[]): readonly string[] {
  const lines: string[] = [];
  for (const [index, sign] of signers.entries()) {
    const before = lines.at(-1);
    lines.push(sign(claim(index + 1, before === undefined ? {} : { previous: hashOfCheckpoint(before) })).line);
  }
  return lines;
}

const by = (signer: CheckpointKey) => (claimed: CheckpointClaim) => signCheckpoint(claimed, signer);
const handOver = (from: CheckpointKey, to: CheckpointKey) => (claimed: CheckpointClaim) =>
  signRotation(claimed, { from, to });
const plain = fileOf(Array.from({ length: 8 }, () => by(key)));

test('checkpoints as they were signed are found good', async () => {
  const result = await verifyCheckpoints(plain, { publicKeys, origin: 'log-1' });
  expect(result).toMatchObject({ ok: true, checkpoints: 8, last: { sequence: 80, kid: key.kid } });
  expect(await verifyCheckpoints([], { publicKeys })).toMatchObject({ ok: true, checkpoints: 0, last: null });
  expect(result.ok && result.publicKeys.some((known) => 'privateKey' in known)).toBe(false);
});

test('a signature covers the canonical form of everything but the signatures', () => {
  const { checkpoint, line } = signRotation(claim(1), { from: key, to: successor });
  const { signature, nextSignature, ...members } = checkpoint;
  expect(line).toBe(canonicalize(checkpoint));
  const text = Buffer.from(canonicalize(members) ?? '');
  expect(verify(null, text, key.publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
  expect(verify(null, text, successor.publicKey, Buffer.from(nextSignature ?? '', 'base64url'))).toBe(true);
});

test('an idle log and an empty one have checkpoints too', async () => {
  const first = signCheckpoint(claim(0, genesis), key);
  const again = signCheckpoint(claim(0, { ...genesis, previous: hashOfCheckpoint(first.line) }), key);
  expect(await verifyCheckpoints([first.line, again.line], { publicKeys })).toMatchObject({ ok: true, checkpoints: 2 });
});

test('any one changed character is found, and its line is named', async () => {
  const line = fc.integer({ min: 0, max: 7 });
  const typed = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 });
  await fc.assert(
    fc.asyncProperty(line, fc.nat(), typed, async (at, position, character) => {
      const text = plain[at] ?? '';
      const place = position % text.length;
      const edited = plain.with(at, text.slice(0, place) + character + text.slice(place + 1));
      const result = await verifyCheckpoints(edited, { publicKeys });
      if (text[place] === character) expect(result.ok).toBe(true);
      else expect(result).toMatchObject({ ok: false, line: at + 1 });
    }),
    { numRuns: 300 },
  );
});

test('a changed claim does not fit its signature', async () => {
  const forged = (change: object) => canonicalize({ ...JSON.parse(plain[3] ?? ''), ...change }) ?? '';
  for (const change of [{ sequence: 41 }, { hash: 'ab'.repeat(32) }, { timestamp: '2024-01-15T10:30:00Z' }, { x: 1 }]) {
    expect(await verifyCheckpoints(plain.with(3, forged(change)), { publicKeys })).toMatchObject({
      ok: false,
      kind: 'bad_signature',
      line: 4,
    });
  }
});

test('a checkpoint taken out, moved, repeated or cut off the beginning is found', async () => {
  const broken = { ok: false, kind: 'broken_order' };
  const swapped = plain.with(2, plain[3] ?? '').with(3, plain[2] ?? '');
  expect(await verifyCheckpoints(plain.toSpliced(2, 1), { publicKeys })).toMatchObject({ ...broken, line: 3 });
  expect(await verifyCheckpoints(swapped, { publicKeys })).toMatchObject({ ...broken, line: 3 });
  expect(await verifyCheckpoints(plain.toSpliced(3, 0, plain[2] ?? ''), { publicKeys })).toMatchObject({
    ...broken,
    line: 4,
  });
  expect(await verifyCheckpoints(plain.slice(1), { publicKeys })).toMatchObject({ ...broken, line: 1 });
});

test('a key that was not given is named', async () => {
  expect(await verifyCheckpoints(plain, { publicKeys: [successor] })).toEqual({
    ok: false,
    line: 1,
    kind: 'unknown_key',
    detail: `The checkpoint on line 1 is signed with key ${key.kid}, which was not given.`,
  });
  const forged = fileOf([by(key), by(stranger)]);
  expect(await verifyCheckpoints(forged, { publicKeys })).toMatchObject({ kind: 'unknown_key', line: 2 });
});

test('another key that only bears the name of the true one is found', async () => {
  const impostor = { ...stranger, kid: key.kid };
  expect(await verifyCheckpoints(fileOf([by(impostor)]), { publicKeys })).toMatchObject({ kind: 'bad_signature' });
});

test('a key takes over where both keys sign, and nowhere else', async () => {
  const rotated = fileOf([by(key), handOver(key, successor), by(successor)]);
  expect(await verifyCheckpoints(rotated, { publicKeys })).toMatchObject({ ok: true, checkpoints: 3 });
  expect(await verifyCheckpoints(rotated, { publicKeys: [key] })).toMatchObject({ ok: true, checkpoints: 3 });
  const unannounced = fileOf([by(key), by(successor)]);
  expect(await verifyCheckpoints(unannounced, { publicKeys })).toMatchObject({ kind: 'wrong_key', line: 2 });
  const retired = fileOf([by(key), handOver(key, successor), by(key)]);
  expect(await verifyCheckpoints(retired, { publicKeys })).toMatchObject({ kind: 'wrong_key', line: 3 });
});

test('a hand-over that one of the two keys did not sign is none', async () => {
  const { checkpoint } = signRotation(claim(1), { from: key, to: successor });
  const alone = { ...checkpoint, nextSignature: checkpoint.signature };
  const halved = { ...checkpoint, nextSignature: undefined };
  const result = (members: object) => verifyCheckpoints([canonicalize(members) ?? ''], { publicKeys });
  expect(await result(alone)).toMatchObject({ kind: 'bad_signature' });
  expect(await result(halved)).toMatchObject({ kind: 'malformed' });
});

test('signed checkpoints that no one log can have are found', async () => {
  const first = signCheckpoint(claim(2), key);
  const behind = (change: Partial<CheckpointClaim>) =>
    signCheckpoint(claim(2, { previous: hashOfCheckpoint(first.line), ...change }), key).line;
  const check = (line: string) => verifyCheckpoints([first.line, line], { publicKeys });
  expect(await check(behind({ sequence: 19 }))).toMatchObject({ kind: 'rewritten', line: 2 });
  expect(await check(behind({ hash: 'ab'.repeat(32) }))).toMatchObject({ kind: 'rewritten', line: 2 });
  expect(await check(behind({ origin: 'log-2' }))).toMatchObject({ kind: 'other_log', line: 2 });
  expect(await check(behind({}))).toMatchObject({ ok: true });
  expect(await verifyCheckpoints(plain, { publicKeys, origin: 'log-2' })).toMatchObject({ kind: 'other_log', line: 1 });
});

test.each([
  ['an empty line', ''],
  ['half a line', '{"hash":"'],
  ['null', 'null'],
  ['another object', '{"a":1}'],
  ['a line without end', 'x'.repeat(1024 * 1024 + 1)],
  ['a line with a space', `${plain[0]} `],
  ['a member given twice', (plain[0] ?? '').replace('{', '{"kid":"0123456789abcdef",')],
  ['a value without canonical form', (plain[0] ?? '').replace('{', '{"a":1e999,')],
])('%s is malformed', async (_name, line) => {
  expect(await verifyCheckpoints([line], { publicKeys })).toMatchObject({ ok: false, kind: 'malformed', line: 1 });
});
