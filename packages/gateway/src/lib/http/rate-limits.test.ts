import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createRateLimits, type GuestRates, type RateAnswer } from './rate-limits.ts';
import { createMemoryRates } from './rate-store.ts';

const rates: GuestRates = { address: 10, subnet: 60, channel: 600, total: 100_000 };

function limits(changed: Partial<GuestRates> = {}) {
  return createRateLimits({ rates: { ...rates, ...changed }, store: createMemoryRates({ clock: manualClock() }) });
}

async function passing(answers: readonly Promise<RateAnswer>[]): Promise<number> {
  return (await Promise.all(answers)).filter(({ refusal }) => refusal === undefined).length;
}

test('the eleventh request of one address in a minute is refused', async () => {
  const { ofCaller } = limits();
  expect(await passing(Array.from({ length: 10 }, () => ofCaller('192.0.2.1')))).toBe(10);
  const { refusal, headers } = await ofCaller('192.0.2.1');
  expect(refusal).toMatchObject({ code: 'too_many_requests', retryable: true });
  expect(refusal?.retryAfterMs).toBeGreaterThan(0);
  expect(headers.RateLimit).toMatch(/^"address";r=0;t=\d+, "subnet";r=50;t=60$/);
});

test('the fields tell what is left', async () => {
  expect((await limits().ofCaller('192.0.2.1')).headers).toEqual({
    'RateLimit-Policy': '"address";q=10;w=60, "subnet";q=60;w=60',
    RateLimit: '"address";r=9;t=60, "subnet";r=59;t=60',
  });
  expect((await limits().ofChannel('shop')).headers).toEqual({
    'RateLimit-Policy': '"channel";q=600;w=60',
    RateLimit: '"channel";r=599;t=60',
  });
});

test('a hundred addresses of one /64 count as one caller', async () => {
  const { ofCaller } = limits();
  const addresses = Array.from({ length: 100 }, (_, i) => `2001:db8:1:2::${(i + 1).toString(16)}`);
  expect(await passing(addresses.map(ofCaller))).toBe(10);
});

test('many addresses of one network are held to the rate of the network', async () => {
  const { ofCaller } = limits();
  expect(await passing(Array.from({ length: 200 }, (_, i) => ofCaller(`192.0.2.${i}`)))).toBe(60);
});

test('after a hundred thousand other addresses a network is still held to its rate', async () => {
  const { ofCaller } = limits({ total: 1_000_000 });
  for (let i = 0; i < 60; i += 1) await ofCaller(`192.0.2.${i}`);
  for (let i = 0; i < 100_000; i += 1) await ofCaller(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
  expect((await ofCaller('192.0.2.99')).refusal).toMatchObject({ code: 'too_many_requests' });
});

test('all callers together are held to the total', async () => {
  const { ofCaller } = limits({ total: 25 });
  expect(await passing(Array.from({ length: 100 }, (_, i) => ofCaller(`192.0.${i}.1`)))).toBe(25);
  expect((await ofCaller('203.0.113.1')).refusal).toMatchObject({ code: 'overloaded' });
});

test('one caller that is refused uses up nothing of the total', async () => {
  const { ofCaller } = limits({ total: 20 });
  await passing(Array.from({ length: 500 }, () => ofCaller('192.0.2.1')));
  expect(await passing(Array.from({ length: 20 }, (_, i) => ofCaller(`192.0.${i + 3}.1`)))).toBe(10);
});

test('a channel is held to its own rate', async () => {
  const { ofChannel } = limits({ channel: 2 });
  expect(await passing([ofChannel('a'), ofChannel('a'), ofChannel('a'), ofChannel('b')])).toBe(3);
  expect((await ofChannel('a')).refusal).toMatchObject({ code: 'too_many_requests' });
});

test('limits of two kinds in one store do not touch each other', async () => {
  const store = createMemoryRates({ clock: manualClock() });
  const guests = createRateLimits({ rates, store, kind: 'guests' });
  const challenges = createRateLimits({ rates, store, kind: 'challenges' });
  expect(await passing(Array.from({ length: 11 }, () => guests.ofCaller('192.0.2.1')))).toBe(10);
  expect(await passing(Array.from({ length: 11 }, () => challenges.ofCaller('192.0.2.1')))).toBe(10);
});
