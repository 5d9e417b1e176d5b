import { expect, test } from 'vitest';
import type { Sample } from './samples.ts';
import { pointsOf, stageLines } from './stage-lines.ts';

function sample(atMs: number, guestMs: number): Sample {
  const stages = { guest: guestMs };
  return { id: `${atMs}`, atMs, outcome: 'admitted', code: null, stage: null, durationMs: guestMs, stages };
}

test('a line holds the p95 of each span, and gaps where nobody was', () => {
  const lines = stageLines([sample(0, 5), sample(9, 10), sample(25, 40)], { fromMs: 0, toMs: 30, count: 3 });
  expect(lines.get('guest')).toEqual([10, null, 40]);
  expect(lines.get('token')).toEqual([null, null, null]);
});

test('a line is drawn from the ground up, the highest value touching the top', () => {
  expect(pointsOf([10, null, 40], { width: 100, height: 20 })).toBe('0,15 100,0');
  expect(pointsOf([0], { width: 100, height: 20 })).toBe('0,20');
  expect(pointsOf([null, null], { width: 100, height: 20 })).toBe('');
});
