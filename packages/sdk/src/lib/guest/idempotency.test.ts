import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import type { Attempt } from './attempt.ts';
import { createIdempotency } from './idempotency.ts';

const key = '0123456789abcdef';
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } };

// Only the outcome matters to this memory.
const attempt = (outcome: Attempt['outcome']) => ({ outcome }) as Attempt;

function counted(outcome: Attempt['outcome']) {
  const start = Object.assign(
    async () => {
      start.calls += 1;
      return attempt(outcome);
    },
    { calls: 0 },
  );
  return start;
}

test('fifty callers with one key share one attempt', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('admitted');
  const attempts = await Promise.all(Array.from({ length: 50 }, () => idempotency.once(key, payload, start)));
  expect(start.calls).toBe(1);
  expect(new Set(attempts).size).toBe(1);
});

test('an unknown outcome is remembered, because the guest may exist', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('unknown');
  await idempotency.once(key, payload, start);
  await idempotency.once(key, payload, start);
  expect(start.calls).toBe(1);
});

test('after a failure that created nothing the key may be tried again', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('failed');
  await idempotency.once(key, payload, start);
  await idempotency.once(key, payload, start);
  expect(start.calls).toBe(2);
});

test('the order in which attributes are written makes no other payload', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('admitted');
  await idempotency.once(key, { ...payload, attributes: { a: 1, b: { c: [1, 2], d: null } } }, start);
  const again = idempotency.once(key, { ...payload, attributes: { b: { d: null, c: [1, 2] }, a: 1 } }, start);
  expect(await again).toMatchObject({ outcome: 'admitted' });
  expect(start.calls).toBe(1);
  const turned = { ...payload, attributes: { a: 1, b: { c: [2, 1], d: null } } };
  expect(idempotency.once(key, turned, start)).toMatchObject({ code: 'idempotency_key_reused' });
});

test('an attempt that rejects is remembered, because the guest may exist', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('admitted');
  const broken = idempotency.once(key, payload, () => Promise.reject(new Error('broken')));
  await expect(broken).rejects.toThrow('broken');
  await expect(idempotency.once(key, payload, start)).rejects.toThrow('broken');
  expect(start.calls).toBe(0);
});

test('the same key with another payload is an error; another captcha answer is not another payload', async () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('admitted');
  await idempotency.once(key, payload, start);
  expect(idempotency.once(key, { ...payload, channelId: 'other' }, start)).toMatchObject({
    code: 'idempotency_key_reused',
  });
  expect(idempotency.once(key, { ...payload, signIn: { idToken: 'another guest' } }, start)).toMatchObject({
    code: 'idempotency_key_reused',
  });
  await idempotency.once(key, { ...payload, captcha: { provider: 'altcha', response: 'fresh' } }, start);
  expect(start.calls).toBe(1);
});

test('a key is forgotten after its time, and the oldest first when there are too many', async () => {
  const clock = manualClock();
  const idempotency = createIdempotency({ clock, capacity: 2, retentionMs: 1000 });
  const start = counted('admitted');
  await idempotency.once(key, payload, start);
  await clock.advance(1001);
  await idempotency.once(key, payload, start);
  expect(start.calls).toBe(2);
  await idempotency.once('second-key-0123456', payload, start);
  await idempotency.once('third-key-01234567', payload, start);
  await idempotency.once(key, payload, start);
  expect(start.calls).toBe(5);
});

test('a key of the wrong shape is an error and starts nothing', () => {
  const idempotency = createIdempotency({ clock: manualClock() });
  const start = counted('admitted');
  for (const bad of [
    '',
    'short',
    'x'.repeat(129),
    'with space 0123456',
    'new\nline-0123456789',
    'ünïcödé-0123456789',
  ]) {
    expect(idempotency.once(bad, payload, start)).toBeInstanceOf(GuestpassError);
  }
  expect(start.calls).toBe(0);
});
