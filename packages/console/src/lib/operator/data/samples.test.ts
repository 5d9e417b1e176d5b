import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addSamples,
  bucketsOf,
  mostSamples,
  percentile,
  type Sample,
  summarizeCodes,
  summarizeStages,
  totalsOf,
  triedOf,
} from './samples.ts';

let last = 0;

function sample(change: Partial<Sample> = {}): Sample {
  last += 1;
  const usual = {
    id: `att_${last}`,
    atMs: last,
    outcome: 'admitted',
    code: null,
    stage: null,
    durationMs: 10,
  } as const;
  return { ...usual, stages: { guest: 5 }, ...change };
}

test('samples are kept in order of time, each once, with what was heard last', () => {
  const [one, two, three] = [sample({ atMs: 1 }), sample({ atMs: 2 }), sample({ atMs: 3 })];
  const changed: Sample = { ...two, outcome: 'failed' };
  expect(addSamples([one, three, two], [changed])).toEqual([one, changed, three]);
});

test('the oldest samples are dropped when there are too many', () => {
  const many = Array.from({ length: mostSamples }, () => sample());
  const next = sample();
  const kept = addSamples(many, [next]);
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([mostSamples, many[1], next]);
});

test('guests that policy turned away were not tried', () => {
  const totals = totalsOf([sample(), sample({ outcome: 'refused' }), sample({ outcome: 'unknown' })]);
  expect(totals).toEqual({ admitted: 1, refused: 1, failed: 0, unknown: 1, all: 3 });
  expect(triedOf(totals)).toBe(2);
});

test('a percentile is one of the values, and so many are at most it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (values, share) => {
        const found = percentile(values, share) ?? Number.NaN;
        expect(values).toContain(found);
        expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(
          Math.floor(share * values.length),
        );
      },
    ),
  );
  expect(percentile([], 0.5)).toBeNull();
});

test('a stage tells its times and what ended there', () => {
  const stages = summarizeStages([
    sample({ stages: { guest: 10 } }),
    sample({ stages: { guest: 30 }, outcome: 'failed', stage: 'guest' }),
    sample({ stages: { consent: 1 }, outcome: 'refused', stage: 'consent' }),
  ]);
  expect(stages.map(({ stage }) => stage)[0]).toBe('payload');
  expect(stages.find(({ stage }) => stage === 'guest')).toEqual({
    stage: 'guest',
    count: 2,
    failed: 1,
    refused: 0,
    p50: 10,
    p95: 30,
  });
  expect(stages.find(({ stage }) => stage === 'consent')).toMatchObject({ failed: 0, refused: 1 });
  expect(stages.find(({ stage }) => stage === 'webhook')).toMatchObject({ count: 0, p50: null });
});

test('codes come most frequent first, with when they were seen', () => {
  const failed = { outcome: 'failed', code: 'rate_limited' } as const;
  const codes = summarizeCodes([
    sample({ outcome: 'refused', code: 'consent_required', atMs: 1 }),
    sample({ ...failed, atMs: 2 }),
    sample({ ...failed, atMs: 9 }),
    sample(),
  ]);
  expect(codes).toEqual([
    { code: 'rate_limited', outcome: 'failed', count: 2, firstMs: 2, lastMs: 9 },
    { code: 'consent_required', outcome: 'refused', count: 1, firstMs: 1, lastMs: 1 },
  ]);
});

test('buckets tell attempts and failures a second, and count none twice', () => {
  const samples = [sample({ atMs: 0 }), sample({ atMs: 999 }), sample({ atMs: 1_000, outcome: 'failed' })];
  expect(bucketsOf(samples, { fromMs: 0, toMs: 2_000, count: 2 })).toEqual([
    { fromMs: 0, perSecond: 2, failedPerSecond: 0, p95: 10 },
    { fromMs: 1_000, perSecond: 1, failedPerSecond: 1, p95: 10 },
  ]);
});
