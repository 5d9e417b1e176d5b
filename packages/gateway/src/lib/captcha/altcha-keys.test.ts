import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createAltchaKeyRing } from './altcha-keys.ts';

const one = 'secret-one-of-at-least-32-characters';
const other = 'secret-two-of-at-least-32-characters';

test('a secret that became another still vouches for the challenges it signed, and no longer than they last', async () => {
  const clock = manualClock();
  let secret = one;
  const ring = createAltchaKeyRing({ secret: () => secret, lifetimeMs: 600_000, clock });
  const first = ring.current();
  expect(ring.all()).toEqual([first]);
  secret = other;
  const second = ring.current();
  expect(second).not.toEqual(first);
  await clock.advance(599_999);
  expect(ring.all()).toEqual([second, first]);
  await clock.advance(1);
  expect(ring.all()).toEqual([second]);
});

test('keys follow from the secret alone, and neither says the other', () => {
  const clock = manualClock();
  const [here, there] = [0, 1].map(() => createAltchaKeyRing({ secret: () => one, lifetimeMs: 1, clock }).current());
  expect(here).toEqual(there);
  expect(here?.hmacSignatureSecret).not.toBe(here?.hmacKeySignatureSecret);
});
