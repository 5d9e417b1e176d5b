import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { type ChainHead, genesis, link, seal } from './chain.ts';
import { hashOfCheckpoint, noCheckpoint, signCheckpoint } from './checkpoint.ts';
import { generateCheckpointKey } from './checkpoint-keys.ts';
import type { GuestRequestedEvent } from './event.ts';
import { verifyAuditLog } from './verify.ts';

const key = generateCheckpointKey();
const stranger = generateCheckpointKey();
const seeds = Array.from({ length: 100 }, (_, index) => index);

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

function chained(events: readonly GuestRequestedEvent[]): Log {
  const lines: string[] = [];
  const heads: ChainHead[] = [genesis];
  for (const event of events) {
    const { record, line } = link(event, heads.at(-1) ?? genesis);
    lines.push(line);
    heads.push({ sequence: record.sequence, hash: record.hash });
  }
  return { lines, heads };
}

const eventsOf = (length: number) => Array.from({ length }, (_, index) => requested(`att_${index}`));

/** Checkpoints of the heads at the given sequences, in one file. */
function checkpointsOf({ heads }: Pick<Log, 'heads'>, sequences: readonly number[], signer = key): readonly string[] {
  const lines: string[] = [];
  for (const sequence of sequences) {
    const before = lines.at(-1);
    const previous = before === undefined ? noCheckpoint : hashOfCheckpoint(before);
    const head = heads[sequence] ?? genesis;
    lines.push(signCheckpoint({ origin: 'log', ...head, timestamp: '2024-01-15T10:40:00Z', previous }, signer).line);
  }
  return lines;
}

/** A number below `bound` that depends on the seed alone. */
function draw(seed: number, what: string, bound: number): number {
  return Number.parseInt(seal(`{"${what}":${seed}}`).hash.slice(0, 8), 16) % bound;
}

/** A log of 20 to 59 records with a checkpoint every few of them, the last one at its end. */
function scene(seed: number) {
  const length = 20 + draw(seed, 'length', 40);
  const every = 3 + draw(seed, 'every', 8);
  const log = chained(eventsOf(length));
  const due = Array.from({ length: Math.floor(length / every) }, (_, index) => (index + 1) * every);
  const evidence = { files: [checkpointsOf(log, [0, ...due, length])], publicKeys: [key] };
  // Any record, as an index.
  const at = draw(seed, 'at', length);
  return {
    ...log,
    length,
    every,
    at,
    check: (lines: readonly string[]) => verifyAuditLog(lines, { checkpoints: evidence }),
  };
}

type Scene = ReturnType<typeof scene>;

/** Mutates a log of each seed, and returns the kinds of fault that were found; `undefined` where none was. */
async function found(mutate: (log: Scene, seed: number) => readonly string[]) {
  const results = await Promise.all(
    seeds.map(async (seed) => {
      const log = scene(seed);
      expect(await log.check(log.lines)).toMatchObject({
        ok: true,
        records: log.length,
        checkpoints: { upTo: log.length },
      });
      const result = await log.check(mutate(log, seed));
      return result.ok ? { kind: 'none', log, result } : { kind: result.kind, log, result };
    }),
  );
  return { results, kinds: [...new Set(results.map(({ kind }) => kind))].toSorted() };
}

function edit(line: string | undefined): Record<string, unknown> {
  return { ...JSON.parse(line ?? ''), channelId: 'other' };
}

test('of 100 logs with a record edited, all are found', async () => {
  const { results, kinds } = await found(({ lines, at }) => lines.with(at, JSON.stringify(edit(lines[at]))));
  expect(kinds).toEqual(['edited']);
  expect(results.every(({ log, result }) => !result.ok && result.line === log.at + 1)).toBe(true);
});

test('of 100 logs with a record edited and given a fitting hash, all are found', async () => {
  const { results, kinds } = await found(({ lines, at }) => {
    const { hash: _, ...members } = edit(lines[at]);
    return lines.with(at, seal(canonicalJson(members)).line);
  });
  expect(kinds).toEqual(['edited', 'rewritten']);
  // Two records from the end nothing follows the next one to tell; at the end the checkpoint tells.
  expect(results.every(({ log, result }) => !result.ok && Math.abs(result.line - log.at - 1) <= 1)).toBe(true);
});

test('of 100 logs with records taken out, all are found', async () => {
  const { kinds } = await found(({ lines, at }, seed) => lines.toSpliced(at, 1 + draw(seed, 'count', 3)));
  expect(kinds).toEqual(['missing', 'truncated']);
});

test('of 100 logs with two records swapped, all are found', async () => {
  const { kinds } = await found(({ lines, at, length }, seed) => {
    const other = (at + 1 + draw(seed, 'other', length - 1)) % length;
    return lines.with(at, lines[other] ?? '').with(other, lines[at] ?? '');
  });
  expect(kinds).toEqual(['reordered']);
});

test('of 100 logs with a record that stands twice, all are found', async () => {
  const { kinds } = await found(({ lines, at, length }, seed) => {
    return lines.toSpliced(at + 1 + draw(seed, 'place', length - at), 0, lines[at] ?? '');
  });
  expect(kinds).toEqual(['duplicate']);
});

test('of 100 logs with a record put in, number, link and hash fitting, all are found', async () => {
  const { kinds } = await found(({ lines, heads, at }) => {
    return lines.toSpliced(at, 0, link(requested('att_forged'), heads[at] ?? genesis).line);
  });
  expect(kinds).toEqual(['inserted', 'rewritten']);
});

test('of 100 logs cut off anywhere, all are found, and the checkpoint that tells is named', async () => {
  const { results, kinds } = await found(({ lines, at }) => lines.slice(0, at));
  expect(kinds).toEqual(['truncated']);
  for (const { log, result } of results) {
    const next = Math.min(Math.ceil((log.at + 1) / log.every) * log.every, log.length);
    expect(result).toMatchObject({ line: log.at + 1, sequence: log.at + 1, checkpoint: { file: 0, sequence: next } });
  }
});

test('of 100 logs rewritten from some record to the end, every hash fitting, all are found', async () => {
  const { results, kinds } = await found(({ length, at }) => {
    return chained(eventsOf(length).map((event, index) => (index < at ? event : requested(`att_new_${index}`)))).lines;
  });
  expect(kinds).toEqual(['rewritten']);
  for (const { log, result } of results) {
    const next = Math.min(Math.ceil((log.at + 1) / log.every) * log.every, log.length);
    expect(result).toMatchObject({ line: next, sequence: next, checkpoint: { file: 0, sequence: next } });
  }
});

test('of 100 logs rewritten without one record, every number and hash fitting, all are found', async () => {
  const { kinds } = await found(({ length, at }) => chained(eventsOf(length).toSpliced(at, 1)).lines);
  expect(kinds).toEqual(['rewritten', 'truncated']);
});

test('of 100 rewritten logs with checkpoints that somebody else signed to fit, all are found', async () => {
  const results = await Promise.all(
    seeds.map(async (seed) => {
      const { length } = scene(seed);
      const rewritten = chained(Array.from({ length }, (_, index) => requested(`att_new_${index}`)));
      const forged = checkpointsOf(rewritten, [5, length], { ...stranger, kid: key.kid });
      const result = await verifyAuditLog(rewritten.lines, { checkpoints: { files: [forged], publicKeys: [key] } });
      return result.ok ? 'none' : result.kind;
    }),
  );
  expect(new Set(results)).toEqual(new Set(['checkpoint']));
});

test('records behind the last checkpoint are told apart from those it vouches for', async () => {
  const log = chained(eventsOf(12));
  const checkpoints = { files: [checkpointsOf(log, [4, 9])], publicKeys: [key] };
  expect(await verifyAuditLog(log.lines, { checkpoints })).toMatchObject({
    ok: true,
    checkpoints: { met: 2, upTo: 9 },
  });
  expect(await verifyAuditLog(log.lines.slice(0, 9), { checkpoints })).toMatchObject({ ok: true });
});

test('every gateway vouches in a file of its own, and one of them is enough to object', async () => {
  const log = chained(eventsOf(12));
  const other = chained([...eventsOf(6), ...eventsOf(6)]);
  const first = checkpointsOf(log, [3, 3, 8]);
  const check = (files: readonly (readonly string[])[]) =>
    verifyAuditLog(log.lines, { checkpoints: { files, publicKeys: [key] } });
  expect(await check([first, checkpointsOf(log, [0, 8, 12])])).toMatchObject({ checkpoints: { met: 6, upTo: 12 } });
  expect(await check([first, checkpointsOf(other, [5, 11])])).toMatchObject({
    kind: 'rewritten',
    line: 11,
    checkpoint: { file: 1, line: 2, sequence: 11 },
  });
});

test('a bad checkpoint is told from a bad record', async () => {
  const log = chained(eventsOf(12));
  const lines = checkpointsOf(log, [3, 6, 9]);
  const check = (file: readonly string[], publicKeys = [key]) =>
    verifyAuditLog(log.lines, { checkpoints: { files: [file], publicKeys } });
  expect(await check(lines.with(1, 'broken'))).toMatchObject({
    kind: 'checkpoint',
    line: 3,
    checkpoint: { file: 0, line: 2, sequence: null },
  });
  expect(await check(lines, [generateCheckpointKey()])).toMatchObject({ kind: 'checkpoint', line: 1, sequence: 1 });
  expect(await check([])).toMatchObject({ kind: 'checkpoint', detail: 'There is no checkpoint to check the log by.' });
});

test('a part of a log is checked by what joins it to the rest', async () => {
  const log = chained(eventsOf(20));
  const part = { after: log.heads[5] ?? genesis, last: log.heads[15] ?? genesis };
  const lines = log.lines.slice(5, 15);
  const checkpoints = { files: [checkpointsOf(log, [0, 3, 5, 10, 18])], publicKeys: [key] };
  const check = (changed: readonly string[], given = part) => verifyAuditLog(changed, { part: given, checkpoints });
  expect(await check(lines)).toMatchObject({ ok: true, records: 10, checkpoints: { met: 2, upTo: 10 } });
  expect(await check(lines.slice(0, 9))).toMatchObject({ kind: 'truncated', line: 10, sequence: 15 });
  expect(await check(lines.slice(1))).toMatchObject({ kind: 'missing', line: 1, sequence: 6 });
  expect(await check(log.lines.slice(5, 16))).toMatchObject({ kind: 'inserted', line: 11, sequence: 16 });
  expect(await check(lines, { ...part, after: { sequence: 5, hash: 'ab'.repeat(32) } })).toMatchObject({
    kind: 'rewritten',
    checkpoint: { sequence: 5 },
  });
  expect(await check(lines, { ...part, last: { sequence: 15, hash: 'ab'.repeat(32) } })).toMatchObject({
    kind: 'rewritten',
    sequence: 15,
  });
});

test('files of checkpoints are closed, whatever was found', async () => {
  const log = chained(eventsOf(6));
  let open = 0;
  async function* source(lines: readonly string[]) {
    open += 1;
    try {
      yield* lines;
    } finally {
      open -= 1;
    }
  }
  const check = (lines: readonly string[], file: readonly string[]) =>
    verifyAuditLog(lines, {
      checkpoints: { files: [source(checkpointsOf(log, [2, 6])), source(file)], publicKeys: [key] },
    });
  const sound = checkpointsOf(log, [4]);
  expect((await check(log.lines, sound)).ok).toBe(true);
  expect((await check(log.lines.with(0, 'broken'), sound)).ok).toBe(false);
  expect((await check(log.lines, ['broken'])).ok).toBe(false);
  expect(open).toBe(0);
});
