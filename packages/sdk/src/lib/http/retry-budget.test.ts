import { expect, test } from 'vitest';
import { createRetryBudget } from './retry-budget.ts';

const takeAll = (budget: ReturnType<typeof createRetryBudget>) => {
  let taken = 0;
  while (budget.take()) taken += 1;
  return taken;
};

test('six repeats are to be had from a full budget', () => {
  expect(takeAll(createRetryBudget())).toBe(6);
});

test('ten successes pay for a repeat, and no number of them for more than a full budget', () => {
  const budget = createRetryBudget();
  takeAll(budget);
  for (let success = 0; success < 9; success += 1) budget.earn();
  expect(budget.take()).toBe(false);
  budget.earn();
  expect(takeAll(budget)).toBe(1);
  for (let success = 0; success < 1_000; success += 1) budget.earn();
  expect(takeAll(budget)).toBe(6);
});
