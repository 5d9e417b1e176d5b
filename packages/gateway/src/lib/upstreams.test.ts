import type { CaptchaVerdict } from 'guestpass/captcha';
import type { Exchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { configuredVerifiers } from './captcha/config-verifiers.ts';
import { openUpstreams } from './upstreams.ts';
import { createLog } from './watch/log.ts';
import { createMetrics } from './watch/metrics/metrics.ts';

const captcha = {
  altchaSecret: undefined,
  recaptchaSecret: 'r'.repeat(40),
  hcaptchaSecret: undefined,
  turnstileSecret: 't'.repeat(40),
  hostnames: undefined,
  action: undefined,
};

/** Verifiers of two providers and what is told of them; the network answers with a status, or never. */
function setUp({ status, breaker = true }: { readonly status?: number; readonly breaker?: boolean }) {
  const clock = manualClock();
  const lines: string[] = [];
  const log = createLog({ clock, write: (line) => void lines.push(line) });
  const metrics = createMetrics({ version: '1.0.0' });
  const network = { status, asked: [] as string[] };
  const exchange: Exchange = (request) => {
    network.asked.push(new URL(request.url).host);
    if (network.status === undefined) {
      return new Promise((_, reject) => request.signal?.addEventListener('abort', () => reject(new Error('gone'))));
    }
    const body = new TextEncoder().encode('{"success":true}');
    return Promise.resolve({ status: network.status, headers: { 'content-type': 'application/json' }, body });
  };
  const upstreams = openUpstreams({ platform: { connections: 7, breaker }, clock, log, metrics });
  const verifiers = configuredVerifiers(captcha, { exchange, clock, guards: upstreams.captcha });
  const ask = async (provider: string): Promise<CaptchaVerdict | undefined> =>
    verifiers[provider]?.verify({ response: 'answer-of-the-visitor' }, {});
  const scraped = async () => (await metrics.scrape()).body;
  const changes = () => lines.map((line) => JSON.parse(line)).map(({ provider, state }) => [provider, state]);
  const heldBack = (provider: string) => verifiers[provider]?.heldBack?.();
  return { clock, network, upstreams, ask, heldBack, scraped, changes };
}

test('a captcha provider that keeps failing is left alone, and the other one goes on', async () => {
  const { ask, heldBack, changes, clock, network, scraped } = setUp({ status: 503 });
  for (let guest = 0; guest < 40; guest += 1) await ask('recaptcha');
  expect(network.asked).toHaveLength(20);
  expect(await ask('recaptcha')).toEqual({ verdict: 'unavailable', reason: 'left_alone', retryAfterMs: 5_000 });
  expect([heldBack('recaptcha')?.reason, heldBack('turnstile')]).toEqual(['left_alone', undefined]);
  expect(await scraped()).toContain('guestpass_captcha_circuit_open{provider="recaptcha"} 1\n');
  network.status = 200;
  expect(await ask('turnstile')).toMatchObject({ verdict: 'passed' });
  await clock.advance(5_000);
  expect(await ask('recaptcha')).toMatchObject({ verdict: 'passed' });
  expect(await scraped()).toContain('guestpass_captcha_circuit_open{provider="recaptcha"} 0\n');
  expect(changes()).toEqual([
    ['recaptcha', 'open'],
    ['recaptcha', 'half-open'],
    ['recaptcha', 'closed'],
  ]);
});

test('without breakers a failing provider is asked for every guest', async () => {
  const { ask, network } = setUp({ status: 503, breaker: false });
  for (let guest = 0; guest < 40; guest += 1) await ask('recaptcha');
  expect(network.asked).toHaveLength(40);
});

test('a captcha provider that says nothing is asked 32 questions at once, and 256 more wait', async () => {
  const { ask, clock, network, scraped } = setUp({});
  const asked = Array.from({ length: 300 }, () => ask('recaptcha'));
  const ended = Promise.allSettled(asked);
  for (const one of asked.slice(288)) await expect(one).rejects.toMatchObject({ code: 'overloaded' });
  const body = await scraped();
  expect(body).toContain('guestpass_upstream_calls{upstream="recaptcha",state="under_way"} 32\n');
  expect(body).toContain('guestpass_upstream_calls{upstream="recaptcha",state="waiting"} 256\n');
  expect(body).toContain('guestpass_upstream_calls{upstream="turnstile",state="waiting"} 0\n');
  expect(network.asked).toHaveLength(32);
  await clock.settle(ended);
  expect(await scraped()).toContain('guestpass_upstream_calls{upstream="recaptcha",state="under_way"} 0\n');
  expect(clock.pending).toBe(0);
});

test('as many calls are under way at the platform as there are connections', () => {
  const { platform } = setUp({}).upstreams;
  expect([1, 2, 3, 4, 5, 6, 7, 8].map(() => platform.enter())).toEqual([...Array(7).fill(true), false]);
});
