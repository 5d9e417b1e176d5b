import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt, Outcome } from '../data/views.ts';
import { attemptOf } from '../testing/example-attempt.ts';
import { guestIn, joinOlder, matches, mostPerSecond, mostRows, putOnTop, shownOneIn, thinOut } from './rows.ts';

const ids = (attempts: readonly Attempt[]) => attempts.map(({ id }) => id);

test('arrivals come on top, newest first, and bring known rows up to date where they are', () => {
  const rows = [attemptOf({ id: 'b', outcome: 'intent' }), attemptOf({ id: 'a' })];
  const arrivals = [attemptOf({ id: 'c' }), attemptOf({ id: 'b', outcome: 'admitted' }), attemptOf({ id: 'd' })];
  const { rows: after, fallen } = putOnTop(rows, arrivals);
  expect(ids(after)).toEqual(['d', 'c', 'b', 'a']);
  expect(after[2]?.outcome).toBe('admitted');
  expect(fallen).toEqual([]);
});

test('there are never more rows than can be looked through, unless older ones were asked for', () => {
  const many = Array.from({ length: 500 }, (_, index) => attemptOf({ id: `${index}` }));
  const { rows, fallen } = putOnTop(many.slice(0, 200), many.slice(200));
  expect([rows.length, rows[0]?.id, fallen.length]).toEqual([mostRows, '499', 300]);
  const more = putOnTop(many.slice(0, 250), many.slice(250, 251));
  expect([more.rows.length, ids(more.fallen)]).toEqual([250, ['249']]);
});

test('what comes next under the rows is found in the list, whatever fell off and was left out in between', () => {
  const [a, b, c, d, e, f] = 'abcdef'.split('').map((id) => attemptOf({ id }));
  const list = [a, b, c, d, e, f].filter((one) => one !== undefined);
  const known = { shown: list.filter(({ id }) => id === 'b' || id === 'd'), fallen: new Set(['c']) };
  expect(joinOlder(known, list.slice(0, 3), false)).toBeUndefined();
  expect(joinOlder(known, list.slice(0, 4), false)).toBeUndefined();
  expect(ids(joinOlder(known, list.slice(0, 5), false) ?? [])).toEqual(['b', 'd', 'c', 'e']);
  expect(ids(joinOlder(known, list, true) ?? [])).toEqual(['b', 'd', 'c', 'e', 'f']);
});

test('every attempt that ever fell off is found again, once, in whatever order attempts end', () => {
  const order = fc.shuffledSubarray(
    Array.from({ length: 260 }, (_, index) => index),
    { minLength: 260 },
  );
  fc.assert(
    fc.property(order, fc.integer({ min: 1, max: 40 }), (shuffled, together) => {
      // An attempt ends at most so many places out of its turn.
      const ended = shuffled.toSorted((a, b) => Math.floor(a / together) - Math.floor(b / together));
      const { rows, fallen } = putOnTop(
        [],
        ended.map((number) => attemptOf({ id: `${number}` })),
      );
      const list = Array.from({ length: 260 }, (_, index) => attemptOf({ id: `${259 - index}` }));
      const joined = joinOlder({ shown: rows, fallen: new Set(ids(fallen)) }, list, true) ?? [];
      expect(ids(joined).toSorted()).toEqual(ids(list).toSorted());
    }),
    { numRuns: 30 },
  );
});

test('up to fifty a second are all shown, and of more one in so many', () => {
  expect([shownOneIn(12, 250), shownOneIn(13, 250), shownOneIn(100, 250), shownOneIn(0, 250)]).toEqual([1, 2, 8, 1]);
});

test('what is shown of many never exceeds the bound, keeps its order, and prefers what went wrong', () => {
  const outcome = fc.constantFrom<Outcome>('admitted', 'refused', 'failed', 'unknown');
  fc.assert(
    fc.property(fc.array(outcome, { maxLength: 400 }), (outcomes) => {
      const arrivals = outcomes.map((one, index) => attemptOf({ id: `${index}`, outcome: one }));
      const oneIn = shownOneIn(arrivals.length, 1_000);
      const shown = thinOut(arrivals, oneIn);
      expect(shown.length).toBeLessThanOrEqual(mostPerSecond);
      expect(ids(shown)).toEqual(ids(arrivals).filter((id) => ids(shown).includes(id)));
      const isBad = (attempt: Attempt) => attempt.outcome === 'failed' || attempt.outcome === 'unknown';
      const bad = arrivals.filter(isBad).length;
      expect(shown.filter(isBad).length).toBe(Math.min(bad, shown.length));
    }),
  );
});

test('a text is looked for in ids, codes and details, whatever its case', () => {
  const attempt = attemptOf({ correlationId: 'F43-abc', detail: 'The platform answered 503.' });
  expect(['f43', 'ANSWERED', '', '  '].map((text) => matches(attempt, { text }))).toEqual([true, true, true, true]);
  expect(matches(attempt, { text: 'nowhere' })).toBe(false);
});

test('all conditions must hold', () => {
  const attempt = attemptOf({ outcome: 'failed', code: 'rate_limited', channelId: 'demo' });
  expect(matches(attempt, { outcome: 'failed', code: 'rate_limited', channel: 'demo' })).toBe(true);
  expect(matches(attempt, { outcome: 'failed', code: 'forbidden' })).toBe(false);
  expect(matches(attempt, { channel: 'other' })).toBe(false);
});

test('a whole guest id is told from other texts', () => {
  const id = '862e1065-8f1c-4a5c-b1a7-3f3f2f1e0d9c';
  expect([guestIn(` ${id} `), guestIn(id.slice(1)), guestIn('503'), guestIn()]).toEqual([
    id,
    undefined,
    undefined,
    undefined,
  ]);
});
