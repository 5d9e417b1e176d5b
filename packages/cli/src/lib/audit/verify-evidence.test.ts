import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type ChainHead,
  type ExportManifest,
  generateCheckpointKey,
  genesis,
  link,
  noCheckpoint,
  signCheckpoint,
  signManifest,
  signRotation,
} from 'guestpass/audit';
import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';

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

type Place = Awaited<ReturnType<typeof scene>>;

/** The manifest of a file that holds these records of a log, to be signed. */
async function manifestOf(
  { heads }: Place,
  { path, sequences }: { readonly path: string; readonly sequences: readonly number[] },
  change: Partial<ExportManifest> = {},
) {
  const text = await readFile(path);
  const [first = 1] = sequences;
  const last = sequences.at(-1) ?? 0;
  const hashAt = (sequence: number) => heads[sequence]?.hash ?? '';
  const manifest = {
    format: 'jsonl' as const,
    from: first,
    to: last,
    count: sequences.length,
    previousHash: hashAt(first - 1),
    firstHash: hashAt(first),
    lastHash: hashAt(last),
    bytes: text.length,
    sha256: createHash('sha256').update(text).digest('hex'),
    head: heads[10] ?? genesis,
    checkpoint: null,
    generatedAt: timestamp,
    tool: 'gateway 1',
    ...change,
  };
  return (signer = key) => JSON.stringify(signManifest(manifest, signer));
}

/** Records 3 to 7 as an export, and its signed manifest. */
async function exported(place: Place, format: 'jsonl' | 'csv' = 'jsonl') {
  await place.write(place.log, place.lines.slice(2, 7));
  const manifest = await manifestOf(place, { path: place.log, sequences: [3, 4, 5, 6, 7] }, { format });
  const props = { files: { ...files, 'manifest.json': manifest() } };
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

/** The log as two exports, records 1 to 6 and 7 to 10, the second one behind an archived beginning. */
async function inTwo(place: Place) {
  const [old, rest] = [join(place.folder, 'old.jsonl'), join(place.folder, 'rest.jsonl')];
  await place.write(old, place.lines.slice(0, 6));
  await place.write(rest, place.lines.slice(6));
  const at = place.heads[6] ?? genesis;
  const { checkpoint } = signCheckpoint({ origin: 'log', ...at, timestamp, previous: noCheckpoint }, key);
  const oldManifest = await manifestOf(place, { path: old, sequences: [1, 2, 3, 4, 5, 6] });
  const restManifest = await manifestOf(place, { path: rest, sequences: [7, 8, 9, 10] }, { genesis: checkpoint });
  const props = { files: { ...files, 'old.json': oldManifest(), 'rest.json': restManifest() } };
  const verify = (...flags: readonly string[]) => play(['audit', 'verify', ...flags], props);
  return { old, rest, verify };
}

test('exports that follow each other are one log, whatever their order', async () => {
  await using place = await scene();
  const { old, rest, verify } = await inTwo(place);
  const flags = ['--public-key', 'key.pub', '--checkpoints', place.checkpoints];
  const { code, out, err } = await verify(rest, old, '--manifest', 'rest.json', '--manifest', 'old.json', ...flags);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('The 2 exports are one whole log: 10 records.');
  expect(out).toContain('2, up to record 8');
  await place.write(rest, place.lines.slice(6).toSpliced(1, 1));
  const broken = await verify(old, rest, '--manifest', 'old.json', '--manifest', 'rest.json');
  expect(broken.code).toBe(6);
  expect(broken.err).toContain('record 8 on line 2: missing.');
  expect(broken.err).toContain(rest);
});

test('what is left of a log says where it begins', async () => {
  await using place = await scene();
  const { rest, verify } = await inTwo(place);
  const { code, out } = await verify(rest, '--manifest', 'rest.json', '--public-key', 'key.pub');
  expect(code).toBe(0);
  expect(out).toContain('behind record 6; what came before was archived');
});

test('a filtered export says what it cannot prove', async () => {
  await using place = await scene();
  const path = join(place.folder, 'picked.jsonl');
  await place.write(
    path,
    [2, 4, 9].map((sequence) => place.lines[sequence - 1] ?? ''),
  );
  const filter = { eventTypes: ['WEBMESSAGING_GUEST_REQUESTED'], since: timestamp };
  const manifest = await manifestOf(place, { path, sequences: [2, 4, 9] }, { from: 1, to: 10, filter });
  const props = { files: { ...files, 'picked.json': manifest() } };
  const flags = ['--manifest', 'picked.json', '--public-key', 'key.pub', '--checkpoints', place.checkpoints];
  const { code, out } = await play(['audit', 'verify', path, ...flags], props);
  expect(code).toBe(0);
  expect(out).toContain('The export is what was written: 3 records, picked by a filter.');
  expect(out).toContain(`type WEBMESSAGING_GUEST_REQUESTED; since ${timestamp}`);
  expect(out).toContain('Whether one was left out cannot be told from a filtered export.');
  await place.write(
    path,
    [2, 4, 9].map((sequence) => place.lines[sequence - 1]?.replace('att_3', 'att_x') ?? ''),
  );
  const changed = await play(['audit', 'verify', path, ...flags], props);
  expect([changed.code, changed.err]).toEqual([6, expect.stringContaining('record 4 on line 2: edited.')]);
});

test('a key that a trusted one introduced signs checkpoints and manifests; one that nobody did signs nothing', async () => {
  await using place = await scene();
  const verifyWith = async (signer: ReturnType<typeof generateCheckpointKey>) => {
    const props = { files: { ...files, 'manifest.json': manifest(signer) } };
    const flags = ['--manifest', 'manifest.json', '--public-key', 'key.pub', '--checkpoints', place.checkpoints];
    return await play(['audit', 'verify', place.log, ...flags], props);
  };
  const successor = generateCheckpointKey();
  const [first = '', second = ''] = (await readFile(place.checkpoints, 'utf8')).trimEnd().split('\n');
  const previous = createHash('sha256').update(second).digest('hex');
  const claim = { origin: 'log', ...(place.heads[10] ?? genesis), timestamp, previous };
  await place.write(place.checkpoints, [first, second, signRotation(claim, { from: key, to: successor }).line]);
  const manifest = await manifestOf(place, { path: place.log, sequences: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] });
  expect(await verifyWith(successor)).toMatchObject({ code: 0, out: expect.stringContaining('3, up to record 10') });
  expect(await verifyWith(generateCheckpointKey())).toMatchObject({
    code: 6,
    err: expect.stringContaining('which was not given'),
  });
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
  ['two manifests of one export', ['--manifest', 'm.json', '--manifest', 'm.json'], 'was given 2 times for 1 files'],
  ['two logs at once', ['/dev/null'], 'was given more than once'],
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
