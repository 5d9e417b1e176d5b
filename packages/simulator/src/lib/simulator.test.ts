import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createSimulator } from './simulator.ts';
import { manualClock } from './testing/manual-clock.ts';
import { accessToken, guestRequest, readJson, tokenRequest } from './testing/requests.ts';

/** Everything random that a run shows, with a chance in it. */
const play = async (simulator: ReturnType<typeof createSimulator>, guests: number) => {
  simulator.faults.add({ operation: 'guest', status: 503, probability: 0.5, times: 'always' });
  const token = await accessToken(simulator);
  const seen: unknown[] = [token];
  for (let asked = 0; asked < guests; asked += 1) {
    const response = await simulator.fetch(guestRequest({ token }));
    seen.push(response.status, response.headers.get('inin-correlation-id'), await readJson(response));
  }
  return seen;
};

test('the same seed shows the same ids, tokens and chances, whatever the seed', async () => {
  const run = (seed: string | number) => play(createSimulator({ seed, clock: manualClock() }), 5);
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.integer()), async (seed) => {
      expect(await run(seed)).toEqual(await run(seed));
    }),
    { numRuns: 25 },
  );
});

test('without a seed no two are alike, and each tells the seed that repeats it', async () => {
  const clock = manualClock();
  const first = createSimulator({ clock });
  const second = createSimulator({ clock });
  const seen = await play(first, 3);
  expect(await play(second, 3)).not.toEqual(seen);
  expect(await play(createSimulator({ clock, seed: first.seed }), 3)).toEqual(seen);
});

test('a reset starts the seed over', async () => {
  const simulator = createSimulator({ seed: 1, clock: manualClock() });
  const seen = await play(simulator, 3);
  simulator.reset();
  expect(await play(simulator, 3)).toEqual(seen);
});

test('asking for what is random in one place shifts nothing in another', async () => {
  const plain = createSimulator({ seed: 1, clock: manualClock() });
  const busy = createSimulator({ seed: 1, clock: manualClock() });
  busy.faults.add({ operation: 'token', status: 503, probability: 0.000_001, times: 'always' });
  await busy.fetch(new Request('http://simulator.test/_sim/stats'));
  expect(await accessToken(busy)).toBe(await accessToken(plain));
});

test('a reset breaks the answers held back', async () => {
  const clock = manualClock();
  const simulator = createSimulator({ clock });
  simulator.faults.add({ operation: 'token', delayMs: 1000 });
  const asked = simulator.fetch(tokenRequest());
  const failed = expect(asked).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  await clock.armed();
  simulator.reset();
  await failed;
  expect(clock.pending).toBe(0);
});

test('a reset breaks the answers that would never come', async () => {
  const simulator = createSimulator();
  simulator.faults.add({ operation: 'token', stall: true });
  const failed = expect(simulator.fetch(tokenRequest())).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
  // The second request is answered, so the first one has come and is being held.
  expect((await simulator.fetch(tokenRequest())).status).toBe(200);
  simulator.reset();
  await failed;
});

test('disposal breaks the answers held back', async () => {
  const clock = manualClock();
  const held = async () => {
    await using simulator = createSimulator({ clock });
    simulator.faults.add({ operation: 'token', delayMs: 1000 });
    const asked = simulator.fetch(tokenRequest());
    await clock.armed();
    return { failed: expect(asked).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } }) };
  };
  await (await held()).failed;
  expect(clock.pending).toBe(0);
});

test('two simulators share nothing', async () => {
  const one = createSimulator({ seed: 1 });
  const other = createSimulator({ seed: 2 });
  const token = await accessToken(one);
  expect((await other.fetch(guestRequest({ token }))).status).toBe(401);
  expect(other.stats().tokensIssued).toBe(0);
});

test('every host is answered, and what is nowhere is 404 without an entity', async () => {
  const simulator = createSimulator();
  const token = await simulator.fetch(new Request('https://login.usw2.pure.cloud/oauth/token', tokenRequest()));
  expect(token.status).toBe(200);
  const nowhere = await simulator.fetch(new Request('https://api.mypurecloud.ie/api/v2/elsewhere'));
  const body = await readJson(nowhere);
  expect([nowhere.status, body.code]).toEqual([404, 'not.found']);
  expect(body).not.toHaveProperty('entityName');
});

test('other methods are 405 with the one allowed', async () => {
  const simulator = createSimulator();
  for (const path of ['/oauth/token', '/api/v2/conversations/webmessaging/guests']) {
    const response = await simulator.fetch(new Request(`http://simulator.test${path}`));
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(await readJson(response)).toMatchObject({ code: 'method.not.allowed' });
  }
});

test('fetch needs no receiver', async () => {
  const { fetch } = createSimulator();
  expect((await fetch(tokenRequest())).status).toBe(200);
});

test('numbers that cannot be meant are refused', () => {
  expect(() => createSimulator({ requestsPerMinute: 0 })).toThrow(RangeError);
  expect(() => createSimulator({ tokenLifetimeSeconds: Number.NaN })).toThrow('tokenLifetimeSeconds');
});

test('clients and channels can be chosen', async () => {
  const simulator = createSimulator({
    clients: [{ id: 'sim-client', secret: 'sim-secret', scopes: ['openid'] }],
    channels: { mine: 'active' },
  });
  const { scope } = await readJson(await simulator.fetch(tokenRequest()));
  expect(scope).toBe('openid');
});
