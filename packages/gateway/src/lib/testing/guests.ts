import { randomBytes, randomUUID } from 'node:crypto';
import { type Admitted, type AttemptFacts, type GuestPayload, GuestpassError, type Unknown } from 'guestpass';

/** 2024-01-15T10:30:00Z. */
export const noon = Date.parse('2024-01-15T10:30:00Z');

export const payload: GuestPayload = {
  channelId: 'channel-1',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25', score: 0.9 },
  attributes: { origin: 'automated_test' },
};

export const masterKey = randomBytes(32);

export function newAttemptId(): string {
  return `att_${randomUUID()}`;
}

export function admitted(id: string, change: Partial<Admitted> = {}): Admitted {
  const guestPass = {
    guestId: `guest-of-${id}`,
    channelId: payload.channelId,
    sessionToken: `token-of-${id}`,
    expiresAt: null,
    connect: null,
  };
  return { outcome: 'admitted', guestPass, ...factsOf(id), statusCodes: [201], latencyMs: 12.34, ...change };
}

export function failed(id: string) {
  const error = new GuestpassError('rate_limited', 'The platform is limiting our requests.', {
    status: 429,
    retryAfterMs: 2_000,
  });
  return { outcome: 'failed' as const, stage: 'guest' as const, error, ...factsOf(id), statusCodes: [429, 429] };
}

export function unknown(id: string): Unknown {
  const error = new GuestpassError('outcome_unknown', 'The connection broke after the request was sent.');
  return { outcome: 'unknown', stage: 'guest', error, ...factsOf(id), correlationId: 'correlation-1' };
}

function factsOf(id: string): AttemptFacts {
  return {
    id,
    channelId: payload.channelId,
    consentTimestamp: payload.consent.timestamp,
    captcha: { provider: 'recaptcha', verified: true, score: 0.9 },
    startedAt: new Date(noon).toISOString(),
    latencyMs: 0,
    durationMs: 20.5,
    stages: { payload: 0.1, guest: 12.34 },
    retries: 0,
    statusCodes: [],
    correlationId: null,
  };
}
