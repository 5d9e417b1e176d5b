import { GuestpassError } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createGroupCommit } from './group-commit.ts';

/** A commit that waits for its turn, and fails when an item says so. */
function slowCommit() {
  const groups: (readonly number[])[] = [];
  const turns: PromiseWithResolvers<void>[] = [];
  const commit = async (items: readonly number[]) => {
    groups.push(items);
    const turn = Promise.withResolvers<void>();
    turns.push(turn);
    await turn.promise;
    return items.map((item) => item * 10);
  };
  const next = async () => {
    while (turns.length === 0) await Promise.resolve();
    turns.shift()?.resolve();
  };
  return { groups, commit, next };
}

test('items that arrive while a commit is under way share the next one', async () => {
  const { groups, commit, next } = slowCommit();
  await using group = createGroupCommit({ commit });
  const first = group.submit(1);
  const later = [2, 3, 4].map(async (item) => {
    await Promise.resolve();
    await Promise.resolve();
    return await group.submit(item);
  });
  await next();
  expect(await first).toBe(10);
  await next();
  expect(await Promise.all(later)).toEqual([20, 30, 40]);
  expect(groups).toEqual([[1], [2, 3, 4]]);
});

test('one bad item fails alone', async () => {
  const commit = async (items: readonly number[]) => {
    if (items.includes(5)) throw new Error('5 is bad');
    return items;
  };
  await using group = createGroupCommit({ commit });
  const results = await Promise.allSettled([1, 2, 3, 4, 5, 6, 7].map((item) => group.submit(item)));
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, true, false, true, true]);
});

test('trouble with the storage fails the whole group at once', async () => {
  let commits = 0;
  const commit = async (): Promise<never> => {
    commits += 1;
    throw new GuestpassError('storage_unavailable', 'The database did not answer.');
  };
  await using group = createGroupCommit<number, number>({ commit });
  const results = await Promise.allSettled([group.submit(1), group.submit(2)]);
  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(commits).toBe(1);
});

test('a full queue refuses with overloaded, and a group has its bound', async () => {
  const { groups, commit, next } = slowCommit();
  const group = createGroupCommit({ commit, largestGroup: 2, longestQueue: 3 });
  const kept = [1, 2, 3].map((item) => group.submit(item));
  await expect(group.submit(4)).rejects.toMatchObject({ code: 'overloaded' });
  expect(group.waiting).toBe(3);
  await next();
  await next();
  expect(await Promise.all(kept)).toEqual([10, 20, 30]);
  expect(groups).toEqual([[1, 2], [3]]);
  await group[Symbol.asyncDispose]();
  expect(group.waiting).toBe(0);
  await expect(group.submit(5)).rejects.toMatchObject({ code: 'storage_unavailable' });
});

test('how long the first item has waited is told, whether it is under way or not', async () => {
  const clock = manualClock();
  const { commit, next } = slowCommit();
  await using group = createGroupCommit({ commit, clock });
  expect(group.waitedMs).toBe(0);
  const first = group.submit(1);
  await clock.advance(300);
  const second = group.submit(2);
  await clock.advance(200);
  expect(group.waitedMs).toBe(500);
  await next();
  await first;
  await clock.advance(0);
  expect(group.waitedMs).toBe(200);
  await next();
  await second;
  await clock.advance(0);
  expect(group.waitedMs).toBe(0);
});

test('the first of a group waits for others as long as it may, and not when the group is full or the end has come', async () => {
  const { groups, commit, next } = slowCommit();
  const clock = manualClock();
  const group = createGroupCommit({ commit, clock, lingerMs: 10, largestGroup: 3 });
  const first = group.submit(1);
  await clock.advance(9);
  const second = group.submit(2);
  expect(groups).toEqual([]);
  await clock.advance(1);
  await next();
  expect(await Promise.all([first, second])).toEqual([10, 20]);
  const full = [3, 4, 5].map((item) => group.submit(item));
  await next();
  expect(await Promise.all(full)).toEqual([30, 40, 50]);
  const last = group.submit(6);
  const end = group[Symbol.asyncDispose]();
  await next();
  expect(await last).toBe(60);
  await end;
  expect(groups).toEqual([[1, 2], [3, 4, 5], [6]]);
  expect(clock.pending).toBe(0);
});
