import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { startUpkeep } from './upkeep.ts';

const neverTold = (problem: unknown) => expect.unreachable(String(problem));

test('each chore is done at its own interval', async () => {
  const clock = manualClock();
  const done: string[] = [];
  await using _upkeep = startUpkeep({
    clock,
    chores: [
      { everyMs: 10, run: async () => done.push(`often ${clock.monotonic()}`) },
      { everyMs: 25, run: async () => done.push(`seldom ${clock.monotonic()}`) },
    ],
    onProblem: neverTold,
  });
  await clock.advance(30);
  expect(done).toEqual(['often 10', 'often 20', 'seldom 25', 'often 30']);
});

test('a slow chore never meets itself: the interval begins when it has ended', async () => {
  const clock = manualClock();
  const begun: number[] = [];
  const run = () => {
    begun.push(clock.monotonic());
    return new Promise<void>((resolve) => void clock.after(35, resolve));
  };
  const upkeep = startUpkeep({ clock, chores: [{ everyMs: 10, run }], onProblem: neverTold });
  await clock.advance(100);
  expect(begun).toEqual([10, 55, 100]);
  await clock.settle(Promise.resolve(upkeep[Symbol.asyncDispose]()));
});

test('a chore that fails is told, and tried again in its time', async () => {
  const clock = manualClock();
  const problems: unknown[] = [];
  const failures = [new Error('rejected'), new Error('thrown')];
  const run = () => {
    const [next] = failures.splice(0, 1);
    if (next?.message === 'thrown') throw next;
    return next ? Promise.reject(next) : Promise.resolve();
  };
  await using _upkeep = startUpkeep({
    clock,
    chores: [{ everyMs: 10, run }],
    onProblem: (problem) => problems.push(problem),
  });
  await clock.advance(30);
  expect(problems).toMatchObject([{ message: 'rejected' }, { message: 'thrown' }]);
  expect(clock.pending).toBe(1);
});

test('the end waits for the chore under way and leaves no timer', async () => {
  const clock = manualClock();
  let ended = false;
  const run = async () => {
    await new Promise<void>((resolve) => void clock.after(5, resolve));
    ended = true;
  };
  const upkeep = startUpkeep({ clock, chores: [{ everyMs: 10, run }], onProblem: neverTold });
  await clock.advance(12);
  await clock.settle(Promise.resolve(upkeep[Symbol.asyncDispose]()));
  expect([ended, clock.pending]).toEqual([true, 0]);
});
