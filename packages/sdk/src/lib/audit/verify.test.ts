import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis, link, seal } from './chain.ts';
import type { GuestRequestedEvent } from './event.ts';
import { verifyAuditLog } from './verify.ts';

const requested = (attemptId: string): GuestRequestedEvent => ({
  eventType: 'WEBMESSAGING_GUEST_REQUESTED',
  attemptId,
  channelId: 'your-channel-id',
  consentTimestamp: '2024-01-15T10:30:00Z',
  captchaProvider: 'recaptcha',
  timestamp: '2024-01-15T10:30:01.000Z',
});

interface Log {
  readonly lines: readonly string[];
  readonly heads: readonly ChainHead[];
}

function logOf(length: number, name = 'att'): Log {
  const lines: string[] = [];
  const heads: ChainHead[] = [genesis];
  for (let index = 0; index < length; index += 1) {
    const { record, line } = link(requested(`${name}_${index}`), heads[index] ?? genesis);
    lines.push(line);
    heads.push({ sequence: record.sequence, hash: record.hash });
  }
  return { lines, heads };
}

/** A log, and the index of one of its lines that is neither the last nor the one before. */
const logAndMiddle = fc
  .integer({ min: 4, max: 12 })
  .chain((length) => fc.tuple(fc.constant(logOf(length)), fc.integer({ min: 0, max: length - 3 })));

/** Changes one record and gives it a fitting hash, as somebody would who knows the format. */
function forge(line: string | undefined, change: Record<string, unknown>): string {
  const { hash: _, ...members } = JSON.parse(line ?? '');
  return seal(canonicalJson({ ...members, ...change })).line;
}

test('a log as it was written is found good, and its head is told', async () => {
  const { lines, heads } = logOf(5);
  expect(await verifyAuditLog(lines)).toEqual({
    ok: true,
    records: 5,
    after: genesis,
    firstHash: heads[1]?.hash,
    lastHash: heads[5]?.hash,
    head: heads[5],
  });
});

test('an empty log is good', async () => {
  const proof = { ok: true, records: 0, after: genesis, firstHash: null, lastHash: null, head: genesis };
  expect(await verifyAuditLog([])).toEqual(proof);
  expect(await verifyAuditLog([], { expectedHead: genesis })).toEqual(proof);
});

test('a record with a changed member is named', async () => {
  const change = fc.constantFrom({ channelId: 'other' }, { captchaProvider: null }, { extra: 1 }, { sequence: 99 });
  await fc.assert(
    fc.asyncProperty(logAndMiddle, change, async ([{ lines }, at], changed) => {
      const edited = lines.with(at, JSON.stringify({ ...JSON.parse(lines[at] ?? ''), ...changed }));
      expect(await verifyAuditLog(edited)).toMatchObject({ ok: false, kind: 'edited', line: at + 1, sequence: at + 1 });
    }),
  );
});

test('a changed record with a fitting new hash is named all the same, by what follows it', async () => {
  const change = fc.constantFrom({ channelId: 'other' }, { previousHash: 'ab'.repeat(32) }, { sequence: 99 });
  await fc.assert(
    fc.asyncProperty(logAndMiddle, change, async ([{ lines }, at], changed) => {
      const edited = lines.with(at, forge(lines[at], changed));
      expect(await verifyAuditLog(edited)).toMatchObject({ ok: false, kind: 'edited', line: at + 1, sequence: at + 1 });
    }),
  );
});

test('where nothing follows to tell, the earlier of two records that do not fit is named', async () => {
  const { lines } = logOf(4);
  const edited = lines.with(2, forge(lines[2], { channelId: 'other' }));
  expect(await verifyAuditLog(edited)).toMatchObject({ kind: 'edited', line: 3, sequence: 3 });
  const first = lines.with(0, forge(lines[0], { previousHash: 'ab'.repeat(32) }));
  expect(await verifyAuditLog(first)).toMatchObject({ kind: 'edited', line: 1, sequence: 1 });
});

test('any one changed character is found, and its line is named', async () => {
  const { lines } = logOf(4);
  const position = fc.nat({ max: (lines[1] ?? '').length - 1 });
  await fc.assert(
    fc.asyncProperty(position, fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 1 }), async (at, typed) => {
      const line = lines[1] ?? '';
      const edited = lines.with(1, line.slice(0, at) + typed + line.slice(at + 1));
      const result = await verifyAuditLog(edited);
      if (line[at] === typed) expect(result.ok).toBe(true);
      else expect(result).toMatchObject({ ok: false, line: 2, sequence: 2 });
    }),
  );
});

test('other text for the same values is found: it may tell other readers something else', async () => {
  const { lines } = logOf(3);
  const line = lines[1] ?? '';
  const hidden = line.replace('{', '{"attemptId":"att_other",');
  expect(JSON.parse(hidden)).toEqual(JSON.parse(line));
  expect(await verifyAuditLog(lines.with(1, hidden))).toMatchObject({ ok: false, kind: 'edited', line: 2 });
  expect(await verifyAuditLog(lines.with(1, `${line} `))).toMatchObject({ ok: false, kind: 'edited', line: 2 });
});

test('records taken out are named from the first to the last', async () => {
  await fc.assert(
    fc.asyncProperty(logAndMiddle, fc.integer({ min: 1, max: 2 }), async ([{ lines }, at], count) => {
      expect(await verifyAuditLog(lines.toSpliced(at, count))).toEqual({
        ok: false,
        kind: 'missing',
        line: at + 1,
        sequence: at + 1,
        detail: `${count === 1 ? `Record ${at + 1} is` : `Records ${at + 1} to ${at + 2} are`} missing before line ${at + 1}.`,
      });
    }),
  );
});

test('two records that changed places are told from missing ones, at the first of the places', async () => {
  await fc.assert(
    fc.asyncProperty(logAndMiddle, fc.integer({ min: 1, max: 11 }), async ([{ lines }, at], distance) => {
      const other = Math.min(at + distance, lines.length - 1);
      const swapped = lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '');
      expect(await verifyAuditLog(swapped)).toMatchObject({
        ok: false,
        kind: 'reordered',
        line: at + 1,
        sequence: at + 1,
      });
    }),
  );
});

test('a record that stands twice is named where it comes again', async () => {
  await fc.assert(
    fc.asyncProperty(logAndMiddle, fc.integer({ min: 1, max: 11 }), async ([{ lines }, at], distance) => {
      const again = Math.min(at + distance, lines.length);
      const repeated = lines.toSpliced(again, 0, lines[at] ?? '');
      expect(await verifyAuditLog(repeated)).toMatchObject({
        ok: false,
        kind: 'duplicate',
        line: again + 1,
        sequence: at + 1,
      });
    }),
  );
});

test('a record put in with a fitting number, link and hash is told from the true one', async () => {
  await fc.assert(
    fc.asyncProperty(logAndMiddle, async ([{ lines, heads }, at]) => {
      const forged = link(requested('att_forged'), heads[at] ?? genesis).line;
      const before = lines.toSpliced(at, 0, forged);
      expect(await verifyAuditLog(before)).toMatchObject({ kind: 'inserted', line: at + 1, sequence: at + 1 });
      const behind = lines.toSpliced(at + 1, 0, forged);
      expect(await verifyAuditLog(behind)).toMatchObject({ kind: 'inserted', line: at + 2, sequence: at + 1 });
    }),
  );
});

test('a sound record of another log is named, whatever its number', async () => {
  const other = logOf(20, 'other');
  await fc.assert(
    fc.asyncProperty(logAndMiddle, fc.integer({ min: 1, max: 19 }), async ([{ lines }, at], from) => {
      const mixed = lines.toSpliced(at + 1, 0, other.lines[from] ?? '');
      expect(await verifyAuditLog(mixed)).toMatchObject({ ok: false, line: at + 2 });
    }),
  );
});

test.each([
  ['an empty line', ''],
  ['half a line', '{"attemptId":"att_'],
  ['a number', '7'],
  ['null', 'null'],
  ['an array', '[]'],
  ['an object that is no record', '{"a":1}'],
  ['a record without a hash', '{"previousHash":"x","sequence":2}'],
  ['a line without end', 'x'.repeat(1024 * 1024 + 1)],
])('%s is malformed', async (_name, line) => {
  const result = await verifyAuditLog(logOf(3).lines.toSpliced(1, 0, line));
  expect(result).toMatchObject({ ok: false, kind: 'malformed', line: 2, sequence: 2 });
});

test('values that no record can hold are no way to stop a verification', async () => {
  const { lines } = logOf(3);
  const line = lines[1] ?? '';
  const huge = line.replace('"att_1"', '1e999');
  const surrogate = line.replace('att_1', String.raw`\ud800`);
  const deep = line.replace('"att_1"', `${'['.repeat(200_000)}${']'.repeat(200_000)}`);
  for (const hostile of [huge, surrogate, deep]) {
    expect(await verifyAuditLog(lines.with(1, hostile))).toMatchObject({ ok: false, kind: 'edited', line: 2 });
  }
});

test('a tail cut off is found when the head is known, and not otherwise', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }), async (length, cut) => {
      const { lines, heads } = logOf(length);
      const kept = Math.max(0, length - cut);
      const shortened = lines.slice(0, kept);
      expect((await verifyAuditLog(shortened)).ok).toBe(true);
      const result = await verifyAuditLog(shortened, { expectedHead: heads[length] ?? genesis });
      expect(result).toMatchObject({ ok: false, kind: 'truncated', line: kept + 1, sequence: kept + 1 });
    }),
  );
});

test('a log that went on behind the expected head is good', async () => {
  const { lines, heads } = logOf(6);
  const result = await verifyAuditLog(lines, { expectedHead: heads[4] ?? genesis });
  expect(result).toMatchObject({ ok: true, head: heads[6] });
});

test('a log rewritten as a whole is found when the head is known', async () => {
  const expectedHead = logOf(6).heads[4] ?? genesis;
  const { lines } = logOf(6, 'rewritten');
  expect(await verifyAuditLog(lines, { expectedHead })).toMatchObject({
    ok: false,
    kind: 'rewritten',
    line: 4,
    sequence: 4,
  });
});

test('a source of lines is closed as soon as a fault is found', async () => {
  const { lines } = logOf(5);
  let closed = false;
  async function* source() {
    try {
      yield* lines.with(1, 'broken');
    } finally {
      closed = true;
    }
  }
  expect((await verifyAuditLog(source())).ok).toBe(false);
  expect(closed).toBe(true);
});

test('no detail repeats what a record holds', async () => {
  const { lines } = logOf(4, 'secret');
  const results = await Promise.all([
    verifyAuditLog(lines.with(1, forge(lines[1], { channelId: 'x' }))),
    verifyAuditLog(lines.toSpliced(1, 1)),
    verifyAuditLog(lines.with(1, '{"attemptId":"secret_1"')),
  ]);
  expect(JSON.stringify(results)).not.toContain('secret');
});
