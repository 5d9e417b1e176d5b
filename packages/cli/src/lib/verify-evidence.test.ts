import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChainHead,
  generateCheckpointKey,
  genesis,
  link,
  noCheckpoint,
  signCheckpoint,
  signManifest,
} from 'guestpass/audit';
import { expect, test } from 'vitest';
import { play } from './testing/play.ts';

const timestamp = '2024-01-15T10:30:00.000Z';
const key = generateCheckpointKey();
const pem = (of = key) => of.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const files = { 'key.pub': pem(), 'other.pub': pem(generateCheckpointKey()) };

function chain(length: number, channelId = 'demo') {
  const heads: ChainHead[] = [genesis];
  const lines: string[] = [];
  for (let index = 0; index < length; index += 1) {
    const event = {
      eventType: 'WEBMESSAGING_GUEST_REQUESTED',
      attemptId: `att_${index}`,
      channelId,
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

/** A log of ten records in a file, and checkpoints of records 4 and 8 in another. */
async function scene() {
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-cli-'));
  const log = join(folder, 'audit.jsonl');
  const checkpoints = join(folder, 'checkpoints.jsonl');
  const { lines, heads } = chain(10);
  const write = (path: string, text: readonly string[]) => writeFile(path, text.map((line) => `${line}\n`).join(''));
  const first = signCheckpoint({ origin: 'log', ...(heads[4] ?? genesis), timestamp, previous: noCheckpoint }, key);
  const previous = createHash('sha256').update(first.line).digest('hex');
  const second = signCheckpoint({ origin: 'log', ...(heads[8] ?? genesis), timestamp, previous }, key);
  await write(log, lines);
  await write(checkpoints, [first.line, second.line]);
  return {
    folder,
    log,
    checkpoints,
    lines,
    heads,
    write,
    verify: (...flags: readonly string[]) => play(['audit', 'verify', log, ...flags], { files }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

test('a log that its checkpoints vouch for is found whole, and what they do not reach is told', async () => {
  await using place = await scene();
  const { code, out, err } = await place.verify('--checkpoints', place.checkpoints, '--public-key', 'key.pub');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('The audit log is whole: 10 records.');
  expect(out).toContain('2, up to record 8');
  expect(out).toContain('What stands behind record 8 has no checkpoint yet.');
});

test('a log cut off, and one rewritten, are found by a checkpoint, which is named', async () => {
  await using place = await scene();
  const flags = ['--checkpoints', place.checkpoints, '--public-key', 'key.pub'];
  await place.write(place.log, place.lines.slice(0, 6));
  const cut = await place.verify(...flags);
  expect(cut).toMatchObject({ code: 6, out: '' });
  expect(cut.err).toContain('record 7 on line 7: truncated.');
  expect(cut.err).toContain(`${place.checkpoints} line 2`);
  await place.write(place.log, chain(10, 'other').lines);
  expect((await place.verify()).code).toBe(0);
  const rewritten = await place.verify(...flags, '--json');
  expect(rewritten.code).toBe(6);
  expect(JSON.parse(rewritten.out)).toMatchObject({
    ok: false,
    kind: 'rewritten',
    sequence: 4,
    checkpoint: { file: 0, line: 1, sequence: 4 },
  });
});

test('checkpoints that somebody else signed are told from a bad log', async () => {
  await using place = await scene();
  const { code, err } = await place.verify('--checkpoints', place.checkpoints, '--public-key', 'other.pub');
  expect(code).toBe(6);
  expect(err).toContain('Broken: the checkpoints.');
  expect(err).toContain('which was not given');
  const both = ['--public-key', 'other.pub', '--public-key', 'key.pub'];
  expect((await place.verify('--checkpoints', place.checkpoints, ...both)).code).toBe(0);
});

/** Records 3 to 7 as an export, and its signed manifest. */
async function exported(place: Awaited<ReturnType<typeof scene>>, format: 'jsonl' | 'csv' = 'jsonl') {
  await place.write(place.log, place.lines.slice(2, 7));
  const text = await readFile(place.log);
  const manifest = signManifest(
    {
      format,
      from: 3,
      to: 7,
      count: 5,
      previousHash: place.heads[2]?.hash ?? '',
      firstHash: place.heads[3]?.hash ?? '',
      lastHash: place.heads[7]?.hash ?? '',
      bytes: text.length,
      sha256: createHash('sha256').update(text).digest('hex'),
      head: place.heads[10] ?? genesis,
      checkpoint: null,
      generatedAt: timestamp,
      tool: 'gateway 1',
    },
    key,
  );
  const props = { files: { ...files, 'manifest.json': JSON.stringify(manifest) } };
  return (...flags: readonly string[]) =>
    play(['audit', 'verify', place.log, '--manifest', 'manifest.json', ...flags], props);
}

test('an export is checked against its manifest, with or without keys and checkpoints', async () => {
  await using place = await scene();
  const verify = await exported(place);
  const { code, out } = await verify('--public-key', 'key.pub', '--checkpoints', place.checkpoints);
  expect(code).toBe(0);
  expect(out).toContain('The export is whole: 5 records.');
  expect(out).toContain('3 to 7 of 10');
  expect(out).toContain(`signed with key ${key.kid}`);
  expect(out).toContain('1, up to record 4');
  expect((await verify()).out).toContain('not checked for a signature');
  expect((await verify('--public-key', 'other.pub')).err).toContain('Broken: the manifest.');
  expect(JSON.parse((await verify('--json')).out)).toMatchObject({ ok: true, manifest: { count: 5 } });
});

test('the first bad record of an export is named, and the command ends with 6', async () => {
  await using place = await scene();
  const verify = await exported(place);
  await place.write(place.log, place.lines.slice(2, 7).toSpliced(1, 1));
  const { code, err } = await verify();
  expect(code).toBe(6);
  expect(err).toContain('record 4 on line 2: missing.');
});

test('a table is checked as a whole', async () => {
  await using place = await scene();
  const verify = await exported(place, 'csv');
  const { out } = await verify('--public-key', 'key.pub', '--checkpoints', place.checkpoints);
  expect(out).toContain('not checked: they need an export as JSON lines');
  await writeFile(place.log, 'x');
  expect(await verify()).toMatchObject({ code: 6, err: expect.stringContaining('SHA-256 differs') });
});

test.each([
  ['checkpoints without a key', ['--checkpoints', 'c.jsonl'], 'needs --public-key'],
  ['a key without anything signed', ['--public-key', 'key.pub'], 'has nothing to check'],
  ['a head of an export', ['--head', `1:${'a'.repeat(64)}`, '--manifest', 'm.json'], 'does not go with --manifest'],
  [
    'a key that is not there',
    ['--manifest', 'm.json', '--public-key', 'none'],
    '--public-key  cannot be read (ENOENT)',
  ],
  ['a key that is none', ['--manifest', 'm.json', '--public-key', 'm.json'], 'is no Ed25519 public key'],
  ['a manifest that is not there', ['--manifest', 'none'], '--manifest  cannot be read (ENOENT)'],
  [
    'checkpoints that are not there',
    ['--checkpoints', '/nowhere/c.jsonl', '--public-key', 'key.pub'],
    '--checkpoints  cannot be read (ENOENT)',
  ],
])('%s is bad usage', async (_name, flags, detail) => {
  const { code, err } = await play(['audit', 'verify', '/dev/null', ...flags], { files: { ...files, 'm.json': '{}' } });
  expect(code).toBe(2);
  expect(err).toContain(detail);
});

test('a made key signs what its public half verifies, and is never overwritten', async () => {
  await using place = await scene();
  const path = join(place.folder, 'key.pem');
  const { code, out } = await play(['audit', 'keygen', path, '--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    kid: expect.stringMatching(/^[0-9a-f]{16}$/),
    privateKey: path,
    publicKey: `${path}.pub`,
  });
  expect(await play(['audit', 'keygen', path])).toMatchObject({ code: 2, err: expect.stringContaining('(EEXIST)') });
  const other = await play(['audit', 'keygen', join(place.folder, 'other.pem')]);
  expect(other.out).toContain('public key');
  expect(other.out + out).not.toContain('PRIVATE');
});
