import { createSimulator } from '@guestpass/simulator';
import { createGuestpass, type GuestpassOptions } from 'guestpass';
import { expect, test } from 'vitest';
import { relayTo } from './relay.ts';
import { tutorialPayload } from './scene.ts';

// The same pipeline over real sockets with the default end of the network. Time is real, and nothing waits long.

const simulated = () => createSimulator({ seed: 1, requestsPerMinute: 1_000_000, tokenRequestsPerMinute: 1_000_000 });

const client = (environment: string, options: Partial<GuestpassOptions> = {}) =>
  createGuestpass({
    environment,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    requestsPerMinute: Number.POSITIVE_INFINITY,
    retry: { baseDelayMs: 1 },
    ...options,
  });

test('a guest comes in over real sockets, with every fact of the attempt', async () => {
  await using simulator = simulated();
  const { url } = await simulator.listen();
  await using guestpass = client(url);
  const admitted = await guestpass.attempt(tutorialPayload);
  expect(admitted).toMatchObject({
    outcome: 'admitted',
    guestPass: {
      guestId: expect.any(String),
      channelId: 'your-channel-id',
      connect: { url: `${url.replace('http', 'ws')}/v1`, deploymentId: 'your-channel-id' },
    },
    retries: 0,
    statusCodes: [201],
    correlationId: simulator.requests.at(-1)?.correlationId,
  });
  const { latencyMs, durationMs, stages } = admitted;
  expect(latencyMs).toBeGreaterThan(0);
  expect(durationMs).toBeGreaterThan(latencyMs);
  expect(stages.guest).toBe(latencyMs);
  expect(stages.token).toBeGreaterThan(0);
  expect(Object.keys(stages)).toEqual([
    'payload',
    'audit',
    'consent',
    'channel',
    'captcha',
    'token',
    'guest',
    'webhook',
  ]);
});

test.each([
  ['a reset after the request was executed', { reset: 'after' }, 1],
  ['a reset before it was', { reset: 'before' }, 0],
  ['an answer that breaks off', { truncate: true }, 1],
  ['a page instead of a guest', { body: 'html' }, 1],
  ['silence until the deadline', { stall: true }, 0],
] as const)('unknown, and asked once: %s', async (_, fault, created) => {
  await using simulator = simulated();
  const { url } = await simulator.listen();
  await using guestpass = client(url, { deadlineMs: 500 });
  await guestpass.attempt({ ...tutorialPayload, channelId: 'demo' });
  simulator.faults.add({ operation: 'guest', ...fault });
  expect(await guestpass.attempt(tutorialPayload)).toMatchObject({ outcome: 'unknown', retries: 0 });
  expect(simulator.stats()).toMatchObject({ guestRequests: 2, guestsCreated: 1 + created });
});

test('an unknown outcome leaves no connection that harms the next guest', async () => {
  await using simulator = simulated();
  const { url } = await simulator.listen();
  await using guestpass = client(url, { connections: 1, deadlineMs: 2000 });
  simulator.faults.add({ operation: 'guest', reset: 'after', after: 1 });
  simulator.faults.add({ operation: 'guest', truncate: true, after: 2 });
  simulator.faults.add({ operation: 'guest', body: { bytes: 1_000_000 }, after: 3 });
  const outcomes: string[] = [];
  for (let guest = 0; guest < 5; guest += 1) outcomes.push((await guestpass.attempt(tutorialPayload)).outcome);
  expect(outcomes).toEqual(['admitted', 'unknown', 'unknown', 'unknown', 'admitted']);
});

test('500 guests share a few connections, which close with the client', async () => {
  await using simulator = simulated();
  const { port } = await simulator.listen();
  await using relay = await relayTo(port);
  {
    await using guestpass = client(relay.url, { connections: 4 });
    const ended = await Promise.all(Array.from({ length: 500 }, () => guestpass.attempt(tutorialPayload)));
    expect(ended.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(500);
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 500 });
    expect(relay.accepted).toBeLessThanOrEqual(4);
  }
  await expect.poll(() => relay.open).toBe(0);
});
