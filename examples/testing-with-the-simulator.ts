// How a program of yours is tested: no ports, no waiting, and every fault on demand.
// Run: node --conditions=guestpass-source examples/testing-with-the-simulator.ts
import assert from 'node:assert/strict';
import test from 'node:test';
import { createSimulator } from '@guestpass/simulator';
import { createGuestpass, type Guestpass } from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';

/** The program under test: what a visitor is told. */
async function welcome(guestpass: Guestpass, payload: unknown): Promise<string> {
  const attempt = await guestpass.attempt(payload);
  return attempt.outcome === 'admitted' ? 'Welcome.' : attempt.error.visitorMessage;
}

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } };

function stage() {
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  const simulator = createSimulator({ seed: 1, clock });
  const guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    exchange: fetchExchange(simulator.fetch),
    clock,
  });
  return { clock, simulator, guestpass };
}

test('a rate limit of half a minute is waited out, and the test takes no time', async () => {
  const { clock, simulator, guestpass } = stage();
  simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '30' } });
  const attempt = await clock.settle(guestpass.attempt(payload, { deadlineMs: 60_000 }));
  assert.equal(attempt.outcome, 'admitted');
  assert.equal(attempt.latencyMs, 30_000);
});

test('a connection that breaks after the request was sent is not repeated', async () => {
  const { clock, simulator, guestpass } = stage();
  simulator.faults.add({ operation: 'guest', reset: 'after' });
  const words = await clock.settle(welcome(guestpass, payload));
  assert.equal(words, 'We could not start the chat. Please try again later or contact us another way.');
  assert.deepEqual([simulator.stats().guestRequests, simulator.stats().guestsCreated], [1, 1]);
});

test('a visitor who did not accept is asked to', async () => {
  const { clock, simulator, guestpass } = stage();
  const declined = { ...payload, consent: { ...payload.consent, accepted: false } };
  const words = await clock.settle(welcome(guestpass, declined));
  assert.equal(words, 'Please accept the privacy notice to start the chat.');
  assert.equal(simulator.requests.length, 0);
});
