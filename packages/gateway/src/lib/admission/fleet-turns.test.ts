import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import type { PlatformTurns } from '../store/platform-turns.ts';
import { masterKey } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { createFleetTurns, turnsOfClient } from './fleet-turns.ts';

const noon = Date.parse('2024-01-15T10:30:00Z');

/** One bucket of turns, 200 ms apart, that can be kept from answering. */
function setUp(processes: number) {
  const clock = manualClock(noon);
  const state = { answers: async () => {}, leases: 0, fullAt: 0 };
  const turns: PlatformTurns = {
    async lease(count) {
      state.leases += 1;
      await state.answers();
      const nowMs = clock.monotonic();
      const firstAt = Math.max(nowMs, state.fullAt);
      state.fullAt = firstAt + count * 200;
      return firstAt - nowMs;
    },
  };
  const problems: unknown[] = [];
  const onDegraded = (problem: unknown) => problems.push(problem);
  const fleet = Array.from({ length: processes }, () =>
    createFleetTurns({ clock, turns, requestsPerMinute: 300, onDegraded }),
  );
  const take = async (index: number) => {
    const turn = await fleet[index]?.take();
    return clock.monotonic() + (turn?.waitMs ?? Number.NaN);
  };
  return { clock, state, fleet, take, problems };
}

test('two processes that are busy keep one pace together: what ten seconds allow at once, then one turn after the other', async () => {
  const { take } = setUp(2);
  const instants = await Promise.all(Array.from({ length: 150 }, (_, index) => take(index % 2)));
  const atOnce = instants.filter((at) => at === 0).length;
  expect(atOnce).toBeGreaterThanOrEqual(50);
  expect(atOnce).toBeLessThanOrEqual(52);
  // 100 more at 200 ms each; two were had on credit.
  expect(Math.max(...instants)).toBeGreaterThanOrEqual(18_000);
  expect(Math.max(...instants)).toBeLessThanOrEqual(22_000);
});

test('the first call after a rest waits for nobody, and few others do', async () => {
  const { state, take, clock } = setUp(1);
  const stuck = Promise.withResolvers<void>();
  state.answers = () => stuck.promise;
  expect(await take(0)).toBe(0);
  stuck.resolve();
  await clock.advance(1);
  for (let index = 0; index < 40; index += 1) await take(0);
  expect(state.leases).toBeLessThan(15);
});

test('a call that does not take its turn leaves it to the next one', async () => {
  const { fleet, take } = setUp(1);
  await Promise.all(Array.from({ length: 60 }, () => take(0)));
  const turn = await fleet[0]?.take();
  expect(turn?.waitMs).toBeGreaterThan(0);
  turn?.giveBack();
  expect(await take(0)).toBe(turn?.waitMs);
});

test('while turns cannot be shared, each process goes on by itself, and asks again', async () => {
  const { clock, state, take, problems } = setUp(1);
  state.answers = () => Promise.reject(new Error('down'));
  for (let index = 0; index < 100; index += 1) expect(await take(0)).toBe(0);
  expect(problems).toHaveLength(1);
  state.answers = async () => {};
  await clock.advance(1_000);
  await take(0);
  await clock.advance(1);
  const instants = await Promise.all(Array.from({ length: 100 }, () => take(0)));
  expect(Math.max(...instants)).toBeGreaterThan(1_001);
});

test('nobody waits long for turns that do not come', async () => {
  const { clock, state, take } = setUp(1);
  await take(0);
  await clock.advance(1);
  const stuck = Promise.withResolvers<void>();
  state.answers = () => stuck.promise;
  const waiting = take(0);
  await clock.advance(250);
  expect(await waiting).toBe(clock.monotonic());
  stuck.resolve();
});

test('a client that became another has turns of its own', async () => {
  await using database = await testDatabase();
  let clientId = 'client-1';
  const platform = { environment: 'http://127.0.0.1:4010', client: () => ({ clientId, clientSecret: 'canary' }) };
  const onProblem = (error: unknown) => expect.unreachable(String(error));
  const { turns } = turnsOfClient({ platform, database, masterKey, clock: systemClock, onProblem });
  const buckets = async () => (await database.query('select client from guestpass.platform_turns')).length;
  await turns?.take();
  await expect.poll(buckets).toBe(1);
  clientId = 'client-2';
  await turns?.take();
  await expect.poll(buckets).toBe(2);
  await turns?.take();
  expect(await buckets()).toBe(2);
});
