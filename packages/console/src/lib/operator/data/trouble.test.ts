import { expect, test } from 'vitest';
import type { Sample } from './samples.ts';
import { troubleOf } from './trouble.ts';

/** One attempt a second: `.` got in, `x` did not, `r` was refused. */
function attempts(marks: string, fromSecond = 0): Sample[] {
  const outcomes = { '.': 'admitted', x: 'failed', r: 'refused' } as const;
  return Array.from(marks, (mark, index) => ({
    id: `att_${fromSecond + index}`,
    atMs: (fromSecond + index) * 1_000,
    // A cast, because the marks above are the only ones.
    outcome: outcomes[mark as keyof typeof outcomes],
    code: null,
    stage: null,
    durationMs: 10,
    stages: {},
  }));
}

test('without a failure there is no trouble', () => {
  expect(troubleOf(attempts('..r..'))).toBeNull();
});

test('it begins with the first failure, and lasts while some get in between', () => {
  expect(troubleOf(attempts('...x.....x...'))).toEqual({
    fromMs: 3_000,
    mayBeOlder: false,
    lastMs: 9_000,
    isOver: false,
  });
});

test('with nobody known to have got in before, it may be older', () => {
  expect(troubleOf(attempts('rxx..'))).toMatchObject({ fromMs: 1_000, mayBeOlder: true });
});

test('it is over when ten in a row have got in, and a minute has gone by', () => {
  const failed = attempts('.xx');
  expect(troubleOf([...failed, ...attempts('.'.repeat(59), 3)])?.isOver).toBe(false);
  expect(troubleOf([...failed, ...attempts('.'.repeat(60), 3)])).toMatchObject({ lastMs: 2_000, isOver: true });
  expect(troubleOf([...failed, ...attempts('.'.repeat(9), 200)])?.isOver).toBe(false);
  expect(troubleOf([...failed, ...attempts('.'.repeat(10), 200)])?.isOver).toBe(true);
});

test('what was over is not the beginning of the next', () => {
  const all = [...attempts('xx'), ...attempts('.'.repeat(20), 100), ...attempts('x', 120)];
  expect(troubleOf(all)).toEqual({ fromMs: 120_000, mayBeOlder: false, lastMs: 120_000, isOver: false });
});
