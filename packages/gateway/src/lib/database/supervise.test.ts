import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { Presence } from './presence.ts';
import { superviseServer } from './supervise.ts';

/** A server that ends when told, and tells whether our place there was given up. */
function place() {
  const over = Promise.withResolvers<void>();
  let isLeft = false;
  const presence: Presence = {
    over: over.promise,
    async leave() {
      isLeft = true;
      over.resolve();
    },
  };
  return { presence, end: over.resolve, isLeft: () => isLeft };
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
  const left = supervision.leave();
  await clock.advance(2_000);
  await left;
  expect(clock.pending).toBe(0);
});

test('a start that fails is told and tried again', async () => {
  const clock = manualClock();
  const [first, second] = [place(), place()];
  const problems: unknown[] = [];
  let tries = 0;
  const supervision = superviseServer({
    clock,
    presence: first.presence,
    async enter() {
      tries += 1;
      if (tries < 3) throw new Error('no room');
      return second.presence;
    },
    onProblem: (problem) => problems.push(problem),
  });
  first.end();
  await clock.advance(1_000);
  expect(tries).toBe(3);
  expect(problems).toHaveLength(3);
  const left = supervision.leave();
  await clock.advance(2_000);
  await left;
  expect(second.isLeft()).toBe(true);
});

test('a server that is left is not started again', async () => {
  const clock = manualClock();
  const { presence, isLeft } = place();
  const enter = () => Promise.reject(new Error('nobody asked'));
  const supervision = superviseServer({ clock, presence, enter, onProblem: () => expect.fail() });
  await supervision.leave();
  expect(isLeft()).toBe(true);
  await clock.advance(60_000);
});

test('whoever leaves while the server comes back leaves it when it is there and the others had time to come', async () => {
  const clock = manualClock();
  const [first, second] = [place(), place()];
  const coming = Promise.withResolvers<Presence>();
  const supervision = superviseServer({
    clock,
    presence: first.presence,
    enter: () => coming.promise,
    onProblem: () => {},
  });
  first.end();
  await clock.advance(0);
  const left = supervision.leave();
  await clock.advance(5_000);
  coming.resolve(second.presence);
  await clock.advance(1_999);
  expect(second.isLeft()).toBe(false);
  await clock.advance(1);
  await left;
  expect(second.isLeft()).toBe(true);
});

test('a server that ended long ago is left at once', async () => {
  const clock = manualClock();
  const [first, second] = [place(), place()];
  const enter = async () => second.presence;
  const supervision = superviseServer({ clock, presence: first.presence, enter, onProblem: () => {} });
  first.end();
  await clock.advance(2_000);
  await supervision.leave();
  expect(second.isLeft()).toBe(true);
});

test('a server that ends again while it is left is left alone', async () => {
  const clock = manualClock();
  const [first, second] = [place(), place()];
  const enter = async () => second.presence;
  const supervision = superviseServer({ clock, presence: first.presence, enter, onProblem: () => {} });
  first.end();
  await clock.advance(0);
  const left = supervision.leave();
  second.end();
  await clock.advance(2_000);
  await left;
  expect(second.isLeft()).toBe(false);
});
