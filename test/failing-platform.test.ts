import type { BreakerChange } from 'guestpass';
import { createBulkhead } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { begins, scene, tutorialPayload } from './scene.ts';

// A platform that fails for a while, and a client with a circuit breaker, on one clock.

/** Lets a guest in every `everyMs` for so long; each attempt goes its own way, as visitors do. */
async function arrivals({ guestpass, clock }: ReturnType<typeof scene>, forMs: number, everyMs: number) {
  const attempts = [];
  for (let passed = 0; passed < forMs; passed += everyMs) {
    attempts.push(guestpass.attempt(tutorialPayload));
    await clock.advance(everyMs);
  }
  return await clock.settle(Promise.all(attempts));
}

test('a minute of 503 costs the platform few calls, and it is found again within a minute of its end', async () => {
  const changes: BreakerChange[] = [];
  const here = scene({ guestpass: { breaker: { onChange: (change) => changes.push(change) } } });
  const { simulator, close, clock } = here;
  await here.attempt();
  simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
  const ended = await arrivals(here, 60_000, 500);
  const { guestRequests } = simulator.stats();
  // Up to 20 calls until it opens, then a probe after 5, 10, 20 and 40 seconds.
  expect(guestRequests).toBeLessThanOrEqual(1 + 20 + 4);
  expect(ended.every(({ outcome }) => outcome === 'failed')).toBe(true);
  const heldBack = ended.filter((one) => one.statusCodes.length === 0);
  expect(heldBack.length).toBeGreaterThan(90);
  for (const one of heldBack) {
    expect(one).toMatchObject({
      stage: 'guest',
      retries: 0,
      durationMs: 0,
      error: { code: 'platform_unavailable', retryable: true, retryAfterMs: expect.any(Number) },
    });
  }
  expect(changes.slice(0, 3)).toEqual([
    { operation: 'guest', state: 'open' },
    { operation: 'guest', state: 'half-open' },
    { operation: 'guest', state: 'open' },
  ]);

  simulator.faults.clear();
  await clock.advance(60_000);
  expect(await here.attempt()).toMatchObject({ outcome: 'admitted' });
  expect(changes.at(-1)).toEqual({ operation: 'guest', state: 'closed' });
  await close();
  expect(clock.pending).toBe(0);
});

test('without a breaker each attempt finds out by itself', async () => {
  const here = scene();
  here.simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
  await arrivals(here, 20_000, 500);
  expect(here.simulator.stats().guestRequests).toBe(40 * 4);
});

test('while all calls fail, only six are repeats', async () => {
  const here = scene({ guestpass: { breaker: true } });
  here.simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
  // So seldom that the breaker stays closed.
  await arrivals(here, 60_000, 1_000);
  expect(here.simulator.stats().guestRequests).toBe(60 + 6);
});

test('a platform that limits us or refuses tokens is no failing one', async () => {
  const here = scene({ guestpass: { breaker: true, retry: { retries: 0 } } });
  for (const status of [429, 401, 422]) {
    here.simulator.faults.add({ operation: 'guest', status, times: 60 });
    for (let guest = 0; guest < 30; guest += 1) {
      expect(await here.attempt()).not.toMatchObject({ error: { code: 'platform_unavailable' } });
    }
    here.simulator.faults.clear();
  }
  expect(await here.attempt()).toMatchObject({ outcome: 'admitted' });
});

test('the token endpoint has a breaker of its own, and guests with a token notice nothing', async () => {
  const changes: BreakerChange[] = [];
  const refusing = { token: false };
  const here = scene({
    guestpass: { breaker: { onChange: (change) => changes.push(change) } },
    between: (fetch) => async (request) => {
      if (!refusing.token || !request.url.endsWith('/oauth/token')) return fetch(request);
      const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
      throw new TypeError('fetch failed', { cause });
    },
  });
  refusing.token = true;
  await here.attempt();
  await here.clock.advance(2_000);
  const ended = await here.attempt();
  expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'platform_unavailable' } });
  expect(changes).toEqual([{ operation: 'token', state: 'open' }]);
  refusing.token = false;
  await here.clock.advance(5_000);
  expect(await here.attempt()).toMatchObject({ outcome: 'admitted' });
  expect(changes.slice(1)).toEqual([
    { operation: 'token', state: 'half-open' },
    { operation: 'token', state: 'closed' },
  ]);
  refusing.token = true;
  expect(await here.attempt()).toMatchObject({ outcome: 'admitted' });
});

test('while the platform says nothing, guests beyond the places and the line are refused at once, and nothing is left', async () => {
  const clock = manualClock(Date.parse(begins));
  const bulkhead = createBulkhead({ places: 4, queue: 3, clock });
  const { simulator, guestpass } = scene({ guestpass: { bulkhead, clock }, simulator: { clock } });
  await clock.settle(guestpass.attempt(tutorialPayload));
  simulator.faults.add({ operation: 'guest', stall: true, times: 'always' });
  const attempts = Array.from({ length: 200 }, () => guestpass.attempt(tutorialPayload));
  await clock.advance(0);
  expect([bulkhead.inUse, bulkhead.waiting]).toEqual([4, 3]);
  const ended = await clock.settle(Promise.all(attempts));
  const [stalled, others] = [ended.slice(0, 4), ended.slice(4)];
  expect(stalled.every(({ outcome }) => outcome === 'unknown')).toBe(true);
  for (const one of others) {
    expect(one).toMatchObject({ outcome: 'failed', stage: 'guest', statusCodes: [], error: { code: 'overloaded' } });
  }
  expect(
    others
      .map(({ durationMs }) => durationMs)
      .sort((a, b) => a - b)
      .slice(-4),
  ).toEqual([0, 2_000, 2_000, 2_000]);
  expect(simulator.stats().guestRequests).toBe(1 + 4);
  await clock.settle(guestpass.close());
  expect([bulkhead.inUse, bulkhead.waiting, clock.pending]).toEqual([0, 0, 0]);
});
