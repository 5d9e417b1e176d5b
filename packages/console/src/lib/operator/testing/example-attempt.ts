import type { Attempt } from '../data/views.ts';

/** An attempt of the tests. */
export function attemptOf(change: Partial<Attempt> = {}): Attempt {
  return {
    id: 'att_1',
    outcome: 'admitted',
    channelId: 'demo',
    guestId: '862e1065-8f1c-4a5c-b1a7-3f3f2f1e0d9c',
    consentTimestamp: '2024-01-15T10:30:00Z',
    consentWithdrawnAt: null,
    captcha: { provider: 'altcha', verified: true, score: null },
    startedAt: '2024-01-15T10:30:00.000Z',
    settledAt: '2024-01-15T10:30:01.000Z',
    stage: null,
    code: null,
    detail: null,
    platformStatus: null,
    retryAfterMs: null,
    latencyMs: 90,
    durationMs: 100,
    stages: { guest: 90, payload: 1, audit: 5, consent: 1 },
    retries: 0,
    statusCodes: [201],
    correlationId: 'f4326726',
    traceId: null,
    ...change,
  };
}
