import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { type ManualClock, manualClock } from '../testing/manual-clock.ts';
import type { IssuedToken } from './client-credentials.ts';
import { createTokenProvider, type TokenProviderOptions } from './token-provider.ts';

const second = 1_000;
const minute = 60 * second;
const tries = [{ status: 200, durationMs: 3 }];

/** A token endpoint that issues `token-1`, `token-2`, … and takes 10 ms for each. */
function endpoint(clock: ManualClock, lifetimeMs = 15 * minute) {
  const state = {
    requests: 0,
    /** Replaces the next answers while it is set. */
    failure: undefined as Error | undefined,
    lifetimeMs,
    request: (_wait: { signal: AbortSignal; deadlineAt: number }): Promise<IssuedToken> => {
      state.requests += 1;
      const value = `token-${state.requests}`;
      return new Promise((resolve, reject) => {
        clock.after(10, () =>
          state.failure ? reject(state.failure) : resolve({ value, lifetimeMs: state.lifetimeMs, tries }),
        );
      });
    },
  };
  return state;
}

function setUp(more: Partial<TokenProviderOptions> & { lifetimeMs?: number } = {}) {
  const clock = manualClock(Date.parse('2024-01-15T10:30:00Z'));
  const { lifetimeMs, ...options } = more;
  const server = endpoint(clock, lifetimeMs);
  const provider = createTokenProvider({ request: (wait) => server.request(wait), clock, random: () => 0, ...options });
  // Whether a token is there at once or comes later matters to one test alone.
  const tokens = {
    get: async (wait: Parameters<typeof provider.get>[0]) => provider.get(wait),
    drop: (value: string) => provider.drop(value),
    expiresAt: () => provider.expiresAt(),
    close: () => provider.close(),
    [Symbol.asyncDispose]: () => provider[Symbol.asyncDispose](),
  };
  const value = async () => (await clock.settle(tokens.get({}))).value;
  return { clock, server, provider, tokens, value };
}

const down = () => new GuestpassError('platform_unavailable', 'The token endpoint is down.');
const wrongSecret = () => new GuestpassError('credentials_rejected', 'The secret is wrong.');
const code = (error: unknown) => (error instanceof GuestpassError ? error.code : error);

test('a thousand callers without a token share one request', async () => {
  const { clock, server, tokens } = setUp();
  const all = await clock.settle(Promise.all(Array.from({ length: 1000 }, () => tokens.get({}))));
  expect(server.requests).toBe(1);
  expect(new Set(all)).toEqual(new Set([{ value: 'token-1', cached: false, tries }]));
  expect(clock.pending).toBe(0);
});

test('a cached token is served without a timer, a listener or a new object', async () => {
  const { clock, server, provider, value } = setUp();
  await value();
  const { signal } = new AbortController();
  const [one, two] = [provider.get({ signal, deadlineAt: 5_000 }), provider.get({})];
  expect(one).toBe(two);
  expect(one).toMatchObject({ value: 'token-1', cached: true });
  expect([clock.pending, getEventListeners(signal, 'abort'), server.requests]).toEqual([0, [], 1]);
  const token = await one;
  expect(token).toEqual({ value: 'token-1', cached: true, tries: [] });
  expect(Object.isFrozen(token)).toBe(true);
});

test('waiters share an error as they share a token', async () => {
  const { clock, server, tokens } = setUp();
  server.failure = down();
  const all = await clock.settle(Promise.allSettled(Array.from({ length: 50 }, () => tokens.get({}))));
  expect(server.requests).toBe(1);
  expect(new Set(all.map((one) => one.status === 'rejected' && one.reason))).toEqual(new Set([server.failure]));
});

test('one caller giving up or running out of time rejects that caller alone', async () => {
  const { clock, server, tokens } = setUp();
  const controller = new AbortController();
  const aborted = tokens.get({ signal: controller.signal });
  const late = tokens.get({ deadlineAt: 5 });
  const lasting = new AbortController();
  const patient = tokens.get({ signal: lasting.signal, deadlineAt: 5_000 });
  controller.abort();
  const [first, second, third] = await clock.settle(Promise.allSettled([aborted, late, patient]));
  expect(first).toMatchObject({ status: 'rejected', reason: { code: 'aborted' } });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'deadline_exceeded' } });
  expect(third).toMatchObject({ status: 'fulfilled', value: { value: 'token-1' } });
  expect([server.requests, clock.pending, getEventListeners(lasting.signal, 'abort')]).toEqual([1, 0, []]);
});

test('a caller that is already over starts nothing', async () => {
  const { clock, server, tokens } = setUp();
  await clock.advance(100);
  await expect(tokens.get({ signal: AbortSignal.abort() }).catch(code)).resolves.toBe('aborted');
  await expect(tokens.get({ deadlineAt: 100 }).catch(code)).resolves.toBe('deadline_exceeded');
  expect(server.requests).toBe(0);
});

test('a request nobody waits for any more still brings its token', async () => {
  const { clock, server, tokens, value } = setUp();
  const controller = new AbortController();
  const only = tokens.get({ signal: controller.signal });
  controller.abort();
  await expect(only.catch(code)).resolves.toBe('aborted');
  await clock.advance(10);
  expect(await value()).toBe('token-1');
  expect(server.requests).toBe(1);
});

test('a request that heeds nothing is given up at its own deadline and never writes back', async () => {
  const answers: ((issued: IssuedToken) => void)[] = [];
  const waits: { signal: AbortSignal; deadlineAt: number }[] = [];
  const request: TokenProviderOptions['request'] = (wait) => {
    waits.push(wait);
    return new Promise((resolve) => answers.push(resolve));
  };
  const { clock, tokens } = setUp({ request, deadlineMs: 2 * second });
  await expect(clock.settle(tokens.get({})).catch(code)).resolves.toBe('deadline_exceeded');
  expect(clock.monotonic()).toBe(2 * second);
  expect([waits[0]?.deadlineAt, waits[0]?.signal.aborted]).toEqual([2 * second, true]);
  await clock.advance(second);
  const next = tokens.get({});
  answers[0]?.({ value: 'ghost', lifetimeMs: minute, tries });
  await clock.advance(1);
  answers[1]?.({ value: 'fresh', lifetimeMs: minute, tries });
  await expect(next).resolves.toMatchObject({ value: 'fresh' });
  await expect(tokens.get({})).resolves.toMatchObject({ value: 'fresh', cached: true });
  expect(clock.pending).toBe(0);
});

test('a request that throws at once is an error like any other', async () => {
  const fault = new TypeError('ours');
  const request = () => {
    throw fault;
  };
  const { clock, tokens } = setUp({ request });
  await expect(tokens.get({})).rejects.toBe(fault);
  expect(clock.pending).toBe(0);
});

test('the token is served until a minute before it expires, by the clock no correction moves', async () => {
  const { clock, tokens, value } = setUp({ random: () => 0.999 });
  await value();
  expect(tokens.expiresAt()).toBe(15 * minute + 10);
  clock.step(3_600_000);
  expect(await value()).toBe('token-1');
  clock.step(-7_200_000);
  await clock.advance(13 * minute);
  expect(await value()).toBe('token-1');
  await clock.advance(minute);
  expect(await value()).toBe('token-2');
});

test('a life of a minute or less does not mean a request for every guest', async () => {
  const { server, value } = setUp({ lifetimeMs: 30 * second });
  for (let guest = 0; guest < 20; guest += 1) await value();
  expect(server.requests).toBe(1);
});

test('an early renewal runs in the background while the old token is served', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  await clock.advance(11.25 * minute - 1);
  expect(await value()).toBe('token-1');
  expect(server.requests).toBe(1);
  await clock.advance(1);
  const burst = await Promise.all(Array.from({ length: 100 }, () => tokens.get({})));
  expect(new Set(burst.map((token) => token.value))).toEqual(new Set(['token-1']));
  expect(server.requests).toBe(2);
  await clock.advance(10);
  await expect(tokens.get({})).resolves.toMatchObject({ value: 'token-2', cached: true });
});

test('a failing renewal keeps the old token and is tried again after a hold', async () => {
  const { clock, server, value } = setUp({ random: () => 0.5 });
  await value();
  server.failure = down();
  await clock.advance(12.5 * minute);
  expect(await value()).toBe('token-1');
  await clock.advance(10 * second);
  expect(await value()).toBe('token-1');
  expect(server.requests).toBe(2);
  await clock.advance(6 * second);
  server.failure = undefined;
  expect(await value()).toBe('token-1');
  expect(server.requests).toBe(3);
  await clock.advance(10);
  expect(await value()).toBe('token-3');
});

test('callers who need a token right after a failed renewal are not turned away', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  server.failure = down();
  await clock.advance(11.25 * minute);
  expect(await value()).toBe('token-1');
  await clock.advance(10);
  server.failure = undefined;
  tokens.drop('token-1');
  expect(await value()).toBe('token-3');
});

/** One guest every 5 seconds for 30 minutes, and the token endpoint out of service from minute 3 to minute 13. */
async function guestsDuringOutage(outage: (clock: ManualClock) => Promise<IssuedToken>, fraction: number) {
  const { clock, server, tokens } = setUp({ random: () => fraction });
  const healthy = server.request;
  server.request = (wait) => {
    const now = clock.monotonic();
    return now >= 3 * minute && now < 13 * minute ? outage(clock) : healthy(wait);
  };
  const failures: unknown[] = [];
  while (clock.monotonic() < 30 * minute) {
    await clock.settle(tokens.get({})).catch((error: unknown) => failures.push(error));
    await clock.advance(5 * second);
  }
  await tokens.close();
  expect(clock.pending).toBe(0);
  return failures;
}

test('ten minutes without a token endpoint cost no guest while the token lives fifteen', async () => {
  const refused = () => Promise.reject(down());
  expect(await guestsDuringOutage(refused, 0)).toEqual([]);
  expect(await guestsDuringOutage(refused, 0.999)).toEqual([]);
});

test('neither do ten minutes with a token endpoint that never answers', async () => {
  const silent = () => new Promise<IssuedToken>(() => {});
  expect(await guestsDuringOutage(silent, 0)).toEqual([]);
  expect(await guestsDuringOutage(silent, 0.999)).toEqual([]);
});

test('a failure stands for a second without a new request', async () => {
  const { clock, server, tokens, value } = setUp();
  server.failure = down();
  const first = await clock.settle(tokens.get({})).catch((error: unknown) => error);
  server.failure = undefined;
  await clock.advance(second - 1);
  await expect(tokens.get({})).rejects.toBe(first);
  expect(server.requests).toBe(1);
  await clock.advance(1);
  expect(await value()).toBe('token-2');
});

test('rejected credentials are asked again after 30 seconds, and each time twice as late up to 5 minutes', async () => {
  const { clock, server, tokens, value } = setUp();
  server.failure = wrongSecret();
  const askedAt: number[] = [];
  while (clock.monotonic() < 20 * minute) {
    const before = server.requests;
    const start = clock.monotonic();
    await expect(clock.settle(tokens.get({})).catch(code)).resolves.toBe('credentials_rejected');
    if (server.requests > before) askedAt.push(start);
    await clock.advance(10 * second);
  }
  const gaps = askedAt.slice(1).map((at, index) => Math.floor((at - (askedAt[index] ?? 0)) / (10 * second)) * 10);
  expect(gaps).toEqual([30, 60, 120, 240, 300, 300]);

  server.failure = undefined;
  await clock.advance(5 * minute);
  expect(await value()).toMatch(/^token-/);
  tokens.drop(await value());
  server.failure = wrongSecret();
  await clock.settle(tokens.get({})).catch(() => {});
  const asked = server.requests;
  await clock.advance(30 * second);
  await clock.settle(tokens.get({})).catch(() => {});
  expect(server.requests).toBe(asked + 1);
});

test('rejected credentials found out by an early renewal do not take the token that still works', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  server.failure = wrongSecret();
  await clock.advance(12 * minute);
  expect(await value()).toBe('token-1');
  await clock.advance(10);
  expect(await value()).toBe('token-1');
  tokens.drop('token-1');
  await expect(tokens.get({}).catch(code)).resolves.toBe('credentials_rejected');
  expect(server.requests).toBe(2);
});

test('dropping forgets that value alone', async () => {
  const { server, tokens, value } = setUp();
  await value();
  tokens.drop('another');
  expect(await value()).toBe('token-1');
  tokens.drop('token-1');
  expect(tokens.expiresAt()).toBeNull();
  expect(await value()).toBe('token-2');
  tokens.drop('token-1');
  expect(await value()).toBe('token-2');
  expect(server.requests).toBe(2);
});

test('two hundred callers refused with one token cause one new request', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  const renewed = Array.from({ length: 200 }, async (_, index) => {
    const { value: old } = await tokens.get({});
    await new Promise<void>((resolve) => clock.after(index % 7, resolve));
    tokens.drop(old);
    return (await tokens.get({})).value;
  });
  expect(new Set(await clock.settle(Promise.all(renewed)))).toEqual(new Set(['token-2']));
  expect(server.requests).toBe(2);
});

test('a drop during a renewal waits for that renewal and starts no other', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  await clock.advance(12 * minute);
  await tokens.get({});
  tokens.drop('token-1');
  expect(await value()).toBe('token-2');
  expect(server.requests).toBe(2);
});

test('a renewal that brings the dropped value back is repeated, and a new request may bring it', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  const issues = ['token-1', 'token-1', 'token-9'];
  server.request = async () => {
    server.requests += 1;
    await new Promise<void>((resolve) => clock.after(10, resolve));
    return { value: issues.shift() ?? 'none', lifetimeMs: 15 * minute, tries };
  };
  await clock.advance(12 * minute);
  await tokens.get({});
  tokens.drop('token-1');
  // The first answer was asked for before the drop; the second is the endpoint's word after it.
  expect(await value()).toBe('token-1');
  expect(server.requests).toBe(3);
});

test('a renewal given up does not ask again when it brings the dropped value at last', async () => {
  const { clock, server, tokens, value } = setUp();
  await value();
  const { promise, resolve } = Promise.withResolvers<IssuedToken>();
  server.request = () => {
    server.requests += 1;
    return promise;
  };
  await clock.advance(12 * minute);
  await tokens.get({});
  tokens.drop('token-1');
  await clock.advance(10 * second);
  resolve({ value: 'token-1', lifetimeMs: minute, tries });
  await clock.advance(0);
  expect([server.requests, tokens.expiresAt()]).toEqual([2, null]);
});

test('closing gives up the running request, turns everybody away and leaves nothing open', async () => {
  const { clock, server, tokens } = setUp();
  const waiting = tokens.get({}).catch(code);
  await tokens.close();
  await expect(waiting).resolves.toBe('aborted');
  await expect(tokens.get({}).catch(code)).resolves.toBe('aborted');
  await clock.advance(minute);
  await expect(tokens.get({}).catch(code)).resolves.toBe('aborted');
  expect([tokens.expiresAt(), server.requests, clock.pending]).toEqual([null, 1, 0]);
});

test('a token that arrives while the provider closes is not kept', async () => {
  for (let turns = 0; turns < 10; turns += 1) {
    const { promise, resolve } = Promise.withResolvers<IssuedToken>();
    const { tokens } = setUp({ request: () => promise });
    const waiting = tokens.get({}).catch(() => undefined);
    resolve({ value: 'late', lifetimeMs: minute, tries });
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    await tokens.close();
    await waiting;
    expect(tokens.expiresAt()).toBeNull();
    await expect(tokens.get({}).catch(code)).resolves.toBe('aborted');
  }
});

test('leaving the scope closes the provider', async () => {
  const { clock, tokens, value } = setUp();
  {
    await using scoped = tokens;
    await clock.settle(scoped.get({}));
  }
  await expect(value().catch(code)).resolves.toBe('aborted');
});

test('a look at the provider shows no token', async () => {
  const { tokens, value } = setUp();
  await value();
  expect(inspect(tokens, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('token-1');
});
