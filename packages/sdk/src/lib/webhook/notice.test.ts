import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import type { AttemptFacts } from '../guest/attempt.ts';
import { guestNotice } from './notice.ts';

const facts: AttemptFacts = {
  id: 'att_1',
  channelId: 'demo',
  consentTimestamp: '2024-01-15T10:29:00Z',
  captcha: null,
  startedAt: '2024-01-15T10:30:00.000Z',
  latencyMs: 12,
  durationMs: 15,
  stages: {},
  retries: 0,
  statusCodes: [201],
  correlationId: 'corr-1',
};
const timestamp = '2024-01-15T10:30:01.000Z';

test('an admitted guest is announced without the session token', () => {
  const guestPass = { guestId: 'guest-1', channelId: 'demo', sessionToken: 'secret', expiresAt: null, connect: null };
  const notice = guestNotice({ outcome: 'admitted', guestPass, ...facts }, timestamp, 7);
  expect(notice).toEqual({
    type: 'guest.authenticated',
    timestamp,
    data: {
      attemptId: 'att_1',
      sequence: 7,
      guestId: 'guest-1',
      channelId: 'demo',
      consentTimestamp: '2024-01-15T10:29:00Z',
      code: null,
      correlationId: 'corr-1',
    },
  });
  expect(JSON.stringify(notice)).not.toContain('secret');
});

test('every other outcome is announced with its code', () => {
  const typeOf = (outcome: 'refused' | 'failed' | 'unknown') =>
    guestNotice({ outcome, stage: 'guest', error: new GuestpassError('forbidden', 'x'), ...facts }, timestamp, null);
  expect(typeOf('refused')).toMatchObject({
    type: 'guest.refused',
    data: { sequence: null, guestId: null, code: 'forbidden' },
  });
  expect(typeOf('failed')).toMatchObject({ type: 'guest.failed' });
  expect(typeOf('unknown')).toMatchObject({ type: 'guest.unknown' });
});
