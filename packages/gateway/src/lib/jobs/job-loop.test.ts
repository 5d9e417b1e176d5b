import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { startJobLoop } from './job-loop.ts';
import type { ClaimedJob } from './job-room.ts';

/** A queue in memory, and workers that end when told. */
function scene({ concurrency = 8, concurrencyPerGroup = 2, leavesAtOnce = false } = {}) {
  const clock = manualClock(0);
  const due: ClaimedJob[] = [];
  const problems: unknown[] = [];
  const working = new Map<string, () => void>();
  const resting = new Set<string>();
  const begun: string[] = [];
  let mostAtOnce = 0;
  let claims = 0;
  let broken = false;
  let meanwhile: () => void | Promise<void> = () => {};
  const loop = startJobLoop<ClaimedJob>({
    clock,
    concurrency,
    concurrencyPerGroup,
    onProblem: (error) => problems.push(error),
    resting: () => [...resting],
    async claim(most, withoutGroups) {
      claims += 1;
      await meanwhile();
      if (broken) throw new Error('no queue');
      const free = due.filter(({ groupId }) => !withoutGroups.includes(groupId ?? '')).slice(0, most);
      for (const job of free) due.splice(due.indexOf(job), 1);
      return free;
    },
    async giveBack(jobs) {
      due.push(...jobs);
    },
    async work({ id }, leaveGroup) {
      begun.push(id);
      if (leavesAtOnce) leaveGroup();
      mostAtOnce = Math.max(mostAtOnce, working.size + 1);
      await new Promise<void>((resolve) => working.set(id, resolve));
      working.delete(id);
    },
  });
  return {
    clock,
    loop,
    due,
    begun,
    working,
    resting,
    problems,
    add(groupId: string, count: number) {
      const first = due.length + begun.length;
      due.push(...Array.from({ length: count }, (_, index) => ({ id: `${groupId}-${first + index}`, groupId })));
    },
    async end(id: string) {
      working.get(id)?.();
      await clock.advance(0);
    },
    break: (isBroken: boolean) => {
      broken = isBroken;
    },
    /** What happens while a claim is under way. */
    meanwhile(happens: typeof meanwhile) {
      meanwhile = happens;
    },
    get claims() {
      return claims;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
  };
}

test('jobs are worked on as they come due, so many at once and so many of a group', async () => {
  const stage = scene({ concurrency: 5, concurrencyPerGroup: 2 });
  const { clock, loop, add, begun, working, end } = stage;
  add('a', 4);
  add('b', 4);
  add('c', 4);
  await clock.advance(1_000);
  expect(working.size).toBe(5);
  while (begun.length < 12) for (const id of [...working.keys()]) await end(id);
  expect(begun.toSorted()).toEqual([...new Set(begun)].toSorted());
  expect(stage.mostAtOnce).toBe(5);
  for (const id of [...working.keys()]) await end(id);
  await loop[Symbol.asyncDispose]();
});

test('what is left to do without its group holds no place in it, but one in all', async () => {
  const { clock, loop, add, begun, working } = scene({ concurrency: 6, concurrencyPerGroup: 2, leavesAtOnce: true });
  add('a', 20);
  await clock.advance(2_000);
  expect(begun).toHaveLength(6);
  for (const go of [...working.values()]) go();
  await clock.advance(100);
  expect(begun).toHaveLength(12);
  for (let rounds = 0; rounds < 3; rounds += 1) {
    for (const go of [...working.values()]) go();
    await clock.advance(100);
  }
  expect(begun).toHaveLength(20);
  for (const go of [...working.values()]) go();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('a group that never ends takes nothing from the others, and what waited for it is given back', async () => {
  const { clock, loop, add, begun, due, working, end } = scene({ concurrency: 8, concurrencyPerGroup: 2 });
  add('stuck', 20);
  await clock.advance(1_000);
  expect([...working.keys()].every((id) => id.startsWith('stuck'))).toBe(true);
  expect(working.size).toBe(2);
  for (let guest = 0; guest < 5; guest += 1) {
    add('well', 1);
    loop.expect();
    await clock.advance(10);
    const id = begun.at(-1) ?? '';
    expect(id).toMatch(/^well/);
    await end(id);
  }
  await clock.advance(10_000);
  // Two are under way, and nobody holds the rest.
  expect(due).toHaveLength(18);
  const before = begun.length;
  await end([...working.keys()][0] ?? '');
  await clock.advance(1_000);
  expect(begun.length).toBe(before + 1);
  await clock.advance(10_000);
  for (const id of [...working.keys()]) working.get(id)?.();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('what is expected is looked for at once and then less and less often', async () => {
  const stage = scene();
  const { clock, loop, add, begun } = stage;
  await clock.advance(60_000);
  const idle = stage.claims;
  await clock.advance(10_000);
  expect(stage.claims - idle).toBe(10);
  loop.expect();
  // The commit that makes it visible takes a moment.
  await clock.advance(4);
  add('a', 1);
  await clock.advance(8);
  expect(begun).toHaveLength(1);
  stage.working.get(begun[0] ?? '')?.();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('what is expected while a claim finds something else is looked for as soon', async () => {
  const stage = scene();
  const { clock, loop, add, begun } = stage;
  await clock.advance(10_000);
  add('a', 1);
  stage.meanwhile(() => {
    loop.expect();
    stage.meanwhile(() => {});
  });
  loop.look();
  await clock.advance(2);
  add('b', 1);
  await clock.advance(18);
  expect(begun).toHaveLength(2);
  for (const go of stage.working.values()) go();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('what is visible is claimed at once, and when that is all nobody looks again', async () => {
  const stage = scene();
  const { clock, loop, add, begun } = stage;
  await clock.advance(10_000);
  const before = stage.claims;
  loop.expect();
  await clock.advance(3);
  add('a', 1);
  loop.look();
  await clock.advance(0);
  expect(begun).toHaveLength(1);
  stage.working.get(begun[0] ?? '')?.();
  await clock.advance(900);
  expect(stage.claims - before).toBe(1);
  await clock.settle(loop[Symbol.asyncDispose]());
});

/** Something comes every 50 ms for two seconds, while each claim takes so long. */
async function slowClaims(stage: ReturnType<typeof scene>): Promise<number> {
  const { clock, loop, add } = stage;
  await clock.advance(1_000);
  stage.meanwhile(() => new Promise((resolve) => void clock.after(50, resolve)));
  const before = stage.claims;
  for (let guest = 0; guest < 40; guest += 1) {
    add('a', 1);
    loop.look();
    await clock.advance(50);
  }
  const claims = stage.claims - before;
  await clock.advance(200);
  expect(stage.begun.filter((id) => id.startsWith('a'))).toHaveLength(40);
  for (const go of stage.working.values()) go();
  await clock.settle(loop[Symbol.asyncDispose]());
  expect(clock.pending).toBe(0);
  return claims;
}

test('nothing is claimed of a group that rests, and claims that take long because of it are made seldom', async () => {
  const stage = scene({ concurrency: 64, concurrencyPerGroup: 64 });
  stage.resting.add('tired');
  await stage.clock.advance(1_000);
  stage.add('tired', 3);
  // Each of 50 ms with its pause takes 200.
  expect(await slowClaims(stage)).toBeLessThan(12);
  expect(stage.due).toHaveLength(3);
});

test('claims that leave nothing out are made as often as something comes, however long they take', async () => {
  expect(await slowClaims(scene({ concurrency: 64, concurrencyPerGroup: 64 }))).toBeGreaterThan(35);
});

test('a pause behind a claim ends as soon as there is room in a group that was left out', async () => {
  const stage = scene({ concurrency: 16, concurrencyPerGroup: 2 });
  const { clock, loop, add, begun, working, end } = stage;
  stage.meanwhile(() => new Promise((resolve) => void clock.after(300, resolve)));
  add('a', 30);
  await clock.advance(1_000);
  const before = stage.claims;
  while (begun.length < 9) await end([...working.keys()][0] ?? '');
  await clock.advance(0);
  expect(stage.claims).toBe(before + 1);
  await clock.advance(1_000);
  const ended = clock.settle(loop[Symbol.asyncDispose]());
  for (const go of working.values()) go();
  await ended;
});

test('many jobs of one group take few claims', async () => {
  const stage = scene({ concurrency: 64, concurrencyPerGroup: 4 });
  const { clock, loop, add, begun, working } = stage;
  add('a', 400);
  loop.look();
  await clock.advance(0);
  while (begun.length < 400) {
    for (const id of [...working.keys()]) working.get(id)?.();
    await clock.advance(1);
  }
  expect(stage.claims).toBeLessThan(30);
  for (const id of [...working.keys()]) working.get(id)?.();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('a queue that cannot be asked is asked again', async () => {
  const { clock, loop, add, begun, problems, working, ...rest } = scene();
  rest.break(true);
  add('a', 1);
  await clock.advance(3_000);
  expect(problems.length).toBeGreaterThan(1);
  rest.break(false);
  await clock.advance(1_000);
  expect(begun).toHaveLength(1);
  working.get(begun[0] ?? '')?.();
  await clock.settle(loop[Symbol.asyncDispose]());
});

test('the end waits for what is under way and gives the rest back', async () => {
  const { clock, loop, add, begun, due, working } = scene({ concurrency: 8, concurrencyPerGroup: 2 });
  add('a', 6);
  loop.expect();
  await clock.advance(100);
  expect(begun).toHaveLength(2);
  let ended = false;
  const end = loop[Symbol.asyncDispose]().then(() => {
    ended = true;
  });
  await clock.advance(100);
  expect([ended, due.length]).toEqual([false, 4]);
  for (const go of [...working.values()]) go();
  await end;
  expect(begun).toHaveLength(2);
  expect(clock.pending).toBe(0);
});
