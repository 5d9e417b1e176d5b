import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { Presence } from './presence.ts';
import { type Supervision, superviseServer } from './supervise.ts';

/** A server that ends when told. */
function place(isLast = true) {
  const over = Promise.withResolvers<void>();
  const presence: Presence = {
    over: over.promise,
    async leave(end) {
      over.resolve();
      if (isLast) await end();
    },
  };
  return { presence, end: over.resolve };
}

/** Leaves, and tells whether that ended the server. */
async function isEndedBy(supervision: Supervision): Promise<boolean> {
  let ended = false;
  await supervision.leave(async () => {
    ended = true;
  });
  return ended;
}

test('a server that ends is started again at once, and one that does not stay later and later', async () => {
  const clock = manualClock();
  const places = [place()];
  const startedAt: number[] = [];
  const problems: unknown[] = [];
  const supervision = superviseServer({
    clock,
    presence: places[0]?.presence ?? place().presence,
    async enter() {
      startedAt.push(clock.monotonic());
      const next = place();
      places.push(next);
      next.end();
      return next.presence;
    },
    onProblem: (problem) => problems.push(problem),
  });
  await clock.advance(60_000);
  expect(startedAt).toEqual([]);
  places[0]?.end();
  await clock.advance(1_000);
  expect(startedAt.map((at) => at - 60_000)).toEqual([0, 100, 300, 700]);
  expect(problems).toHaveLength(5);
  await clock.advance(60_000);
  const gaps = startedAt.map((at, index) => at - (startedAt[index - 1] ?? at));
  expect(gaps.at(-1)).toBe(10_000);
  await supervision.leave(async () => {});
  expect(clock.pending).toBe(0);
});

test('a start that fails is told and tried again', async () => {
  const clock = manualClock();
  const first = place();
  const problems: unknown[] = [];
  let tries = 0;
  const supervision = superviseServer({
    clock,
    presence: first.presence,
    async enter() {
      tries += 1;
      if (tries < 3) throw new Error('no room');
      return place().presence;
    },
    onProblem: (problem) => problems.push(problem),
  });
  first.end();
  await clock.advance(1_000);
  expect(tries).toBe(3);
  expect(problems).toHaveLength(3);
  expect(await isEndedBy(supervision)).toBe(true);
});

test('a server that is left is not started again, and whether others use it is told', async () => {
  const clock = manualClock();
  const { presence } = place(false);
  const enter = () => Promise.reject(new Error('nobody asked'));
  const supervision = superviseServer({ clock, presence, enter, onProblem: () => expect.fail() });
  expect(await isEndedBy(supervision)).toBe(false);
  await clock.advance(60_000);
});

test('whoever leaves while the server comes back leaves it when it is there', async () => {
  const clock = manualClock();
  const first = place();
  const coming = Promise.withResolvers<Presence>();
  const supervision = superviseServer({
    clock,
    presence: first.presence,
    enter: () => coming.promise,
    onProblem: () => {},
  });
  first.end();
  await clock.advance(0);
  const left = isEndedBy(supervision);
  coming.resolve(place().presence);
  expect(await left).toBe(true);
});
