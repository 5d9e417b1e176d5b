import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import type { Attempt, AttemptFacts } from './attempt.ts';
import { createStatistics } from './statistics.ts';

const facts = (latencyMs: number, statusCodes: number[]): AttemptFacts => ({
  id: 'att_1',
  channelId: 'demo',
  consentTimestamp: null,
  captcha: null,
  startedAt: '2024-01-15T10:30:00.000Z',
  latencyMs,
  durationMs: latencyMs,
  stages: {},
  retries: 0,
  statusCodes,
  correlationId: null,
});
const guestPass = { guestId: 'g', channelId: 'demo', sessionToken: 's', expiresAt: null, connect: null };
const error = new GuestpassError('platform_unavailable', 'Down.');
const admitted = (ms: number): Attempt => ({ outcome: 'admitted', guestPass, ...facts(ms, [201]) });
const ended = (outcome: 'refused' | 'failed' | 'unknown'): Attempt => ({
  outcome,
  stage: 'guest',
  error,
  ...facts(7, []),
});

test('the success rate is 0 before the first guest', () => {
  expect(createStatistics().read()).toEqual({
    admitted: 0,
    refused: 0,
    failed: 0,
    unknown: 0,
    successRate: 0,
    latencyMs: { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 },
  });
});

test('failures that never got an answer count against the success rate; refusals do not', () => {
  const statistics = createStatistics();
  expect(statistics.count(admitted(10))).toBe(100);
  expect(statistics.count(ended('failed'))).toBe(50);
  expect(statistics.count(ended('unknown'))).toBe(33.33);
  expect(statistics.count(ended('refused'))).toBe(33.33);
  expect(statistics.read()).toMatchObject({ admitted: 1, refused: 1, failed: 1, unknown: 1 });
});

test('latencies are those of guests the platform answered for', () => {
  const statistics = createStatistics();
  for (let ms = 1; ms <= 100; ms += 1) statistics.count(admitted(ms));
  statistics.count(ended('failed'));
  const { p50, p99, max, mean } = statistics.read().latencyMs;
  expect(p50).toBeCloseTo(50, 0);
  expect(p99).toBeCloseTo(99, 0);
  expect(max).toBeCloseTo(100, 0);
  expect(mean).toBeCloseTo(50.5, 0);
});
