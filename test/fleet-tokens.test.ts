import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { begins, tutorialPayload } from './scene.ts';

/** Clients of one OAuth client, each in a process of its own as it were, and started together. */
function fleet(size: number) {
  const clock = manualClock(Date.parse(begins));
  const simulator = createSimulator({ seed: 1, clock, requestsPerMinute: 1_000_000 });
  const askedAt: number[] = [];
  const exchange = fetchExchange((request) => {
    if (request.url.endsWith('/oauth/token')) askedAt.push(clock.monotonic());
    return simulator.fetch(request);
  });
  const clients = Array.from({ length: size }, (_, index) =>
    createGuestpass({
      environment: 'http://127.0.0.1:4010',
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      requestsPerMinute: Number.POSITIVE_INFINITY,
      exchange,
      clock,
      random: () => (index + 0.5) / size,
    }),
  );
  const guests = () => clock.settle(Promise.all(clients.map((client) => client.attempt(tutorialPayload))));
  const close = () => clock.settle(Promise.all(clients.map((client) => client.close())));
  return { clock, askedAt, guests, close };
}

test('clients that start together ask for no token before a guest needs one', async () => {
  const { askedAt, clock, close, guests } = fleet(50);
  await clock.advance(60_000);
  expect(askedAt).toEqual([]);
  await guests();
  expect(askedAt).toHaveLength(50);
  await guests();
  expect(askedAt).toHaveLength(50);
  await close();
  expect(clock.pending).toBe(0);
});

test('clients that got their tokens at one time renew them at times of their own', async () => {
  const { askedAt, clock, close, guests } = fleet(50);
  const ended: string[] = [];
  await guests();
  // Guests come every ten minutes, and a token of a day is renewed between 75 and 90 % of it.
  for (let asked = 0; asked < 24 * 6; asked += 1) {
    await clock.advance(600_000);
    ended.push(...(await guests()).map(({ outcome }) => outcome));
  }
  const renewedAt = askedAt.slice(50);
  expect(renewedAt).toHaveLength(50);
  const busiest = Math.max(...renewedAt.map((at) => renewedAt.filter((other) => other === at).length));
  expect(busiest).toBeLessThanOrEqual(3);
  expect(new Set(ended)).toEqual(new Set(['admitted']));
  await close();
  expect(clock.pending).toBe(0);
});
