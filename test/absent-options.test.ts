import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { connectSession } from 'guestpass/session';
import { manualClock } from 'guestpass/testing';
import { generateWebhookSecret, signWebhook, verifyWebhook } from 'guestpass/webhook';
import { expect, test } from 'vitest';

// Whoever passes on what may be undefined, under `exactOptionalPropertyTypes` too, gets the default.

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

test('a client takes options that are undefined for options not given', async () => {
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  const simulator = createSimulator({ seed: 1, clock });
  simulator.faults.add({ operation: 'guest', status: 503, times: 3 });
  const guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    issuer: undefined,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    client: undefined,
    scope: undefined,
    guestsPath: undefined,
    retry: { retries: undefined, baseDelayMs: undefined, maxDelayMs: undefined },
    breaker: undefined,
    bulkhead: undefined,
    requestsPerMinute: undefined,
    turns: undefined,
    idempotentByKey: undefined,
    trace: undefined,
    random: undefined,
    policy: {
      consent: { maxAgeMs: undefined },
      captcha: { mode: undefined, threshold: undefined, verifiers: undefined },
    },
    deadlineMs: undefined,
    connections: undefined,
    proxy: undefined,
    audit: undefined,
    onGuest: undefined,
    maxPending: undefined,
    exchange: fetchExchange(simulator.fetch, { maxBodyBytes: undefined }),
    clock,
  });
  const call = {
    signal: undefined,
    deadlineMs: undefined,
    idempotencyKey: undefined,
    remoteIp: undefined,
    traceparent: undefined,
    tracestate: undefined,
    trace: undefined,
  };
  expect(await clock.settle(guestpass.attempt(payload, call))).toMatchObject({ outcome: 'admitted', retries: 3 });
  await guestpass.close();
});

test('so does a chat', async () => {
  await using simulator = createSimulator({ botDelayMs: 0 });
  const { url } = await simulator.listen();
  await using guestpass = createGuestpass({
    environment: url,
    issuer: 'web-messaging',
    origin: undefined,
    retry: undefined,
  });
  await using session = await connectSession(await guestpass.authenticate(payload), {
    transport: undefined,
    exchange: undefined,
    clock: undefined,
    origin: undefined,
    attributes: undefined,
    reconnect: { attempts: undefined, baseDelayMs: undefined, maxDelayMs: undefined },
    limits: { textBytes: undefined, messagesPerSecond: undefined, requestsPerMinute: undefined },
    answerTimeoutMs: undefined,
    historyPageSize: undefined,
    firstMessages: undefined,
    onState: undefined,
    signal: undefined,
  });
  await session.send('hello', { signal: undefined, attributes: undefined, attachments: undefined });
  const { messages } = await session.history({ pageNumber: undefined, pageSize: undefined, signal: undefined });
  expect(messages[0]).toMatchObject({ author: 'guest', text: 'hello' });
});

test('so does whoever verifies a webhook', () => {
  const secrets = [generateWebhookSecret()];
  const message = { id: 'att_1', body: '{}' };
  const headers = signWebhook(message, { secrets, nowMs: 1_000 });
  expect(verifyWebhook({ headers, body: '{}', secrets, nowMs: 301_000, toleranceMs: undefined }).id).toBe('att_1');
});
