import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Attempt, Outcome } from '../data/views.ts';
import { attemptOf } from '../testing/example-attempt.ts';
import { guestIn, matches, mostPerSecond, mostRows, putOnTop, shownOneIn, thinOut } from './rows.ts';

const ids = (attempts: readonly Attempt[]) => attempts.map(({ id }) => id);

test('arrivals come on top, newest first, and bring known rows up to date where they are', () => {
  const rows = [attemptOf({ id: 'b', outcome: 'intent' }), attemptOf({ id: 'a' })];
  const arrivals = [attemptOf({ id: 'c' }), attemptOf({ id: 'b', outcome: 'admitted' }), attemptOf({ id: 'd' })];
  const after = putOnTop(rows, arrivals);
  expect(ids(after)).toEqual(['d', 'c', 'b', 'a']);
  expect(after[2]?.outcome).toBe('admitted');
});

test('there are never more rows than can be looked through', () => {
  const many = Array.from({ length: 500 }, (_, index) => attemptOf({ id: `${index}` }));
  const after = putOnTop(many.slice(0, 200), many.slice(200));
  expect([after.length, after[0]?.id]).toEqual([mostRows, '499']);
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
