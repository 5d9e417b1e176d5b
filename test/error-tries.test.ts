import { createSimulator } from '@guestpass/simulator';
import { createGuestpass, isGuestpassError } from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

/** What the guest is refused with once the platform has spoilt every request of an operation. */
async function failureOf(operation: 'token' | 'guest', fault: object) {
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  const simulator = createSimulator({ seed: 1, clock });
  simulator.faults.add({ operation, times: 'always', ...fault });
  const client = { clientId: 'sim-client', clientSecret: 'sim-secret' };
  const exchange = fetchExchange(simulator.fetch);
  await using guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    ...client,
    exchange,
    clock,
    retry: { retries: 1 },
  });
  const error = await clock.settle(guestpass.authenticate(payload).catch((reason: unknown) => reason));
  if (!isGuestpassError(error)) throw error;
  return error;
}

test('an error tells each try of the guest, and how long was waited', async () => {
  const { tries } = await failureOf('guest', { status: 429, headers: { 'Retry-After': '2' } });
  expect(tries).toEqual([
    { status: 429, durationMs: 0, waitedMs: 2000 },
    { status: 429, durationMs: 0 },
  ]);
});

test('so it does of the token', async () => {
  const { tries, code } = await failureOf('token', { status: 503 });
  expect(code).toBe('platform_unavailable');
  expect(tries.map(({ status }) => status)).toEqual([503, 503]);
});

test('so it does where no answer came, and in what is logged', async () => {
  const error = await failureOf('guest', { reset: 'after' });
  expect(error.code).toBe('outcome_unknown');
  expect(JSON.parse(JSON.stringify(error)).tries).toEqual([{ failure: 'ECONNRESET', durationMs: 0 }]);
});
