import { expect, test } from 'vitest';
import { attemptOf } from '../testing/example-attempt.ts';
import { ticketOf } from './ticket.ts';
import { layWaterfall } from './waterfall.ts';

test('stages stand in the order they ran, one after the other, and what none tells of comes last', () => {
  expect(layWaterfall(attemptOf())).toEqual([
    { name: 'payload', ms: 1, left: 0, width: 1, ended: false },
    { name: 'audit', ms: 5, left: 1, width: 5, ended: false },
    { name: 'consent', ms: 1, left: 6, width: 1, ended: false },
    { name: 'guest', ms: 90, left: 7, width: 90, ended: false },
    { name: 'other', ms: 3, left: 97, width: 3, ended: false },
  ]);
});

test('the stage an attempt ended in is marked', () => {
  const bars = layWaterfall(attemptOf({ stage: 'guest', stages: { guest: 100 } }));
  expect(bars).toEqual([{ name: 'guest', ms: 100, left: 0, width: 100, ended: true }]);
});

test('an attempt without times has no bars, and one that took no time no width', () => {
  expect(layWaterfall(attemptOf({ stages: null, durationMs: null }))).toEqual([]);
  expect(layWaterfall(attemptOf({ stages: { payload: 0 }, durationMs: 0 }))).toEqual([
    { name: 'payload', ms: 0, left: 0, width: 0, ended: false },
  ]);
});

test('a ticket tells what happened and what to do, and does not name the guest', () => {
  const attempt = attemptOf({ outcome: 'failed', code: 'rate_limited', stage: 'guest', statusCodes: [429, 429] });
  const entry = { code: 'rate_limited', meaning: '', cause: '', remedy: 'Send less.', visitor: '', retryable: true };
  const ticket = ticketOf(attempt, entry);
  expect(ticket.split('\n')).toEqual([
    'Attempt: att_1',
    'Outcome: failed · rate_limited',
    'Ended in: guest',
    'What to do: Send less.',
    'Started: 2024-01-15T10:30:00.000Z',
    'Took: 100 ms',
    'Channel: demo',
    'Guest: 862e… (redacted)',
    'Captcha: altcha, verified',
    'Answers of the platform: 429, 429',
    'Retries: 0',
    'Correlation id: f4326726',
    'Stages: payload 1 ms, audit 5 ms, consent 1 ms, guest 90 ms, other 3 ms',
  ]);
  expect(ticket).not.toContain(attempt.guestId);
});
