import { createSimulator } from '@guestpass/simulator';
import { createGuestpass } from 'guestpass';
import {
  type CaptchaAnswer,
  type CaptchaVerifier,
  hcaptchaVerifier,
  memoryCaptchaUses,
  recaptchaVerifier,
  turnstileVerifier,
  withSingleUse,
} from 'guestpass/captcha';
import { fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';

// Captchas verified on the way in: SDK, simulated platform and simulated captcha providers, on one clock.

interface Wish {
  readonly secret?: string;
  readonly hostnames?: readonly string[];
  readonly mode?: 'optional' | 'required' | 'verified';
  readonly unverifiedChannels?: readonly string[];
}

function stage({ secret = 'sim-captcha-secret', hostnames = ['localhost'], mode = 'verified', ...policy }: Wish = {}) {
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  const simulator = createSimulator({ seed: 1, clock, requestsPerMinute: 1_000_000 });
  const exchange = fetchExchange(simulator.fetch);
  const uses = memoryCaptchaUses({ clock });
  const records: unknown[] = [];
  const notices: unknown[] = [];
  const once = (make: typeof turnstileVerifier, provider: string): CaptchaVerifier => {
    const url = `http://127.0.0.1:4010/captcha/${provider}/siteverify`;
    return withSingleUse(make({ secret, exchange, clock, url, hostnames }), { uses, clock });
  };
  const verifiers = {
    recaptcha: once(recaptchaVerifier, 'recaptcha'),
    hcaptcha: once(hcaptchaVerifier, 'hcaptcha'),
    turnstile: once(turnstileVerifier, 'turnstile'),
  };
  const guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    requestsPerMinute: Number.POSITIVE_INFINITY,
    exchange,
    clock,
    policy: { captcha: { mode, verifiers, ...policy } },
    onAudit: (record) => void records.push(record),
    onGuest: (notice) => void notices.push(notice),
  });
  const attempt = (provider: string, response: string, more: object = {}) =>
    guestpass.attempt({
      channelId: 'demo',
      consent: { accepted: true, timestamp: '2026-01-15T10:29:00Z' },
      captcha: { provider, response, score: 0.99, ...more },
    });
  /** The judgement, the outcome and its code. */
  const ending = async (provider: string, response: string) => {
    const attempted = await clock.settle(attempt(provider, response));
    const code = attempted.outcome === 'admitted' ? null : attempted.error.code;
    return [attempted.outcome, code, attempted.captcha?.verified, attempted.captcha?.score];
  };
  return { clock, simulator, guestpass, records, notices, attempt, ending };
}

test('the provider decides, and its score replaces the one the client made up', async () => {
  const { ending, simulator } = stage();
  expect(await ending('recaptcha', 'ok.1')).toEqual(['admitted', null, true, 0.9]);
  expect(await ending('hcaptcha', 'ok.2')).toEqual(['admitted', null, true, 0.9]);
  expect(await ending('turnstile', 'ok.3')).toEqual(['admitted', null, true, null]);
  expect(await ending('recaptcha', 'checkbox.4')).toEqual(['admitted', null, true, null]);
  expect(await ending('recaptcha', 'low-score.5')).toEqual(['refused', 'captcha_score_too_low', true, 0.1]);
  expect(await ending('hcaptcha', 'low-score.6')).toEqual(['refused', 'captcha_score_too_low', true, 0.1]);
  expect(await ending('turnstile', 'rejected.7')).toEqual(['refused', 'captcha_rejected', true, null]);
  expect(await ending('recaptcha', 'expired.8')).toEqual(['refused', 'captcha_rejected', true, null]);
  expect(await ending('elsewhere', 'ok.9')).toEqual(['refused', 'captcha_rejected', false, 0.99]);
  expect(simulator.stats()).toMatchObject({ captchaRequests: 8, captchasPassed: 6, guestsCreated: 4 });
});

test('with a verifier the provider decides in every mode', async () => {
  const endings = async (mode: 'optional' | 'required') => {
    const { ending } = stage({ mode });
    return [await ending('turnstile', 'rejected'), await ending('turnstile', 'ok'), await ending('other', 'ok')];
  };
  const same = [
    ['refused', 'captcha_rejected', true, null],
    ['admitted', null, true, null],
    ['admitted', null, false, 0.99],
  ];
  expect(await endings('optional')).toEqual(same);
  expect(await endings('required')).toEqual(same);
});

test('of a hundred guests with one answer one comes in, and the provider is asked once', async () => {
  const { attempt, clock, simulator } = stage();
  const attempts = Array.from({ length: 100 }, () => attempt('recaptcha', 'ok'));
  const attempted = await clock.settle(Promise.all(attempts));
  expect(attempted.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(1);
  const codes = attempted.flatMap((one) => (one.outcome === 'admitted' ? [] : one.error.code));
  expect(codes).toEqual(Array.from({ length: 99 }, () => 'captcha_reused'));
  expect(simulator.stats()).toMatchObject({ captchaRequests: 1, guestsCreated: 1 });
});

test('an answer made on another site, and a wrong secret of ours, let nobody in', async () => {
  const elsewhere = stage({ hostnames: ['shop.example'] });
  expect(await elsewhere.ending('recaptcha', 'ok')).toEqual(['refused', 'captcha_rejected', true, null]);
  const wrong = stage({ secret: 'wrong' });
  expect(await wrong.ending('hcaptcha', 'ok')).toEqual(['failed', 'captcha_unavailable', false, 0.99]);
  expect(wrong.simulator.stats()).toMatchObject({ tokenRequests: 0, guestRequests: 0 });
});

test('while the provider is down nobody comes in, and nobody is called a robot', async () => {
  const down = ['failed', 'captcha_unavailable', false, 0.99];
  const { ending, simulator } = stage();
  const spoiled = async (fault: Parameters<typeof simulator.faults.add>[0], response: string) => {
    simulator.faults.clear();
    simulator.faults.add({ operation: 'captcha', times: 'always', ...fault });
    return ending('recaptcha', response);
  };
  expect(await spoiled({ status: 503 }, 'ok.1')).toEqual(down);
  expect(await spoiled({ status: 302, headers: { Location: 'https://evil.example/' } }, 'ok.2')).toEqual(down);
  expect(await spoiled({ body: 'html' }, 'ok.3')).toEqual(down);
  expect(await spoiled({ body: 'garbage' }, 'ok.4')).toEqual(down);
  expect(await spoiled({ body: { merge: { success: 'true' } } }, 'ok.5')).toEqual(down);
  expect(await spoiled({ body: { merge: { score: 7 } } }, 'ok.6')).toEqual(down);
  expect(await spoiled({ truncate: true }, 'ok.7')).toEqual(down);
  expect(await spoiled({ reset: 'after' }, 'ok.8')).toEqual(down);
  expect(await spoiled({ stall: true }, 'ok.9')).toEqual(down);
  expect(simulator.stats()).toMatchObject({ captchaRequests: 9, tokenRequests: 0, guestRequests: 0 });
  simulator.faults.clear();
  expect(await ending('recaptcha', 'ok.10')).toEqual(['admitted', null, true, 0.9]);
});

test('a channel that would rather let robots in than nobody has its guests marked on record while the provider is down', async () => {
  const { clock, ending, notices, records, simulator } = stage({ unverifiedChannels: ['demo'] });
  simulator.faults.add({ operation: 'captcha', status: 503, times: 'always' });
  expect(await ending('recaptcha', 'ok.1')).toEqual(['admitted', null, false, 0.99]);
  // Records are told after the guest's path.
  await clock.advance(0);
  expect(records.at(-1)).toMatchObject({
    eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
    captcha: { verified: false, score: 0.99, unavailable: true },
  });
  expect(notices.at(-1)).toMatchObject({ type: 'guest.authenticated', data: { captcha: 'unavailable' } });
  simulator.faults.clear();
  expect(await ending('recaptcha', 'rejected.2')).toEqual(['refused', 'captcha_rejected', true, null]);
  expect(await ending('recaptcha', 'ok.3')).toEqual(['admitted', null, true, 0.9]);
  await clock.advance(0);
  expect(records.at(-1)).toMatchObject({ captcha: { verified: true, score: 0.9 } });
  expect(records.at(-1)).not.toHaveProperty('captcha.unavailable');
  expect(notices.at(-1)).not.toHaveProperty('data.captcha');
});

test('a verdict of Turnstile that got lost is asked for again, without a second use', async () => {
  const { ending, simulator } = stage();
  simulator.faults.add({ operation: 'captcha', reset: 'after' });
  expect(await ending('turnstile', 'ok.1')).toEqual(['admitted', null, true, null]);
  simulator.faults.add({ operation: 'captcha', delayMs: 60_000 });
  expect(await ending('turnstile', 'ok.2')).toEqual(['admitted', null, true, null]);
  expect(simulator.stats()).toMatchObject({ captchaRequests: 4, captchasPassed: 2 });
});

test('the captcha never holds an attempt longer than its deadline', async () => {
  const { clock, guestpass, simulator } = stage();
  simulator.faults.add({ operation: 'captcha', stall: true, times: 'always' });
  const begun = clock.monotonic();
  const payload = {
    channelId: 'demo',
    consent: { accepted: true, timestamp: '2026-01-15T10:29:00Z' },
    captcha: { provider: 'turnstile', response: 'ok' },
  };
  const attempted = await clock.settle(guestpass.attempt(payload, { deadlineMs: 2_000 }));
  expect(attempted).toMatchObject({ outcome: 'failed', stage: 'captcha', error: { code: 'captcha_unavailable' } });
  expect([clock.monotonic() - begun, attempted.stages.captcha]).toEqual([2_000, 2_000]);
  await clock.settle(guestpass.close());
  expect(clock.pending).toBe(0);
});

test('no answer is burnt by a payload that is refused for something else', async () => {
  const { guestpass, clock, simulator, ending } = stage();
  const good = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:29:00Z' } };
  const captcha = { provider: 'recaptcha', response: 'ok' };
  const bad = [
    { ...good, captcha: { ...captcha, score: 2 } },
    { ...good, captcha, unknown: 1 },
    { ...good, captcha, channelId: '' },
    { ...good, captcha, consent: { ...good.consent, accepted: false } },
    { ...good, captcha: { ...captcha, response: '' } },
    { ...good, captcha: { ...captcha, response: 'x' } },
    { ...good, captcha: { ...captcha, response: 'x'.repeat(4097) } },
    { ...good, captcha: { ...captcha, response: 'ok\r\nx' } },
    { ...good, captcha: { ...captcha, response: 'ok&secret=x' } },
    good,
  ];
  const attempted = await clock.settle(Promise.all(bad.map((payload) => guestpass.attempt(payload))));
  expect(attempted.map(({ outcome }) => outcome)).toEqual(bad.map(() => 'refused'));
  expect(simulator.stats().captchaRequests).toBe(0);
  expect(await ending('recaptcha', 'ok')).toEqual(['admitted', null, true, 0.9]);
});

test('the audit trail says what was verified, and keeps neither answer nor secret', async () => {
  const { clock, ending, records, simulator, guestpass } = stage();
  await ending('recaptcha', 'ok.canary-1');
  await ending('hcaptcha', 'low-score.canary-2');
  await ending('recaptcha', 'ok.canary-1');
  await clock.settle(guestpass.close());
  const outcomes = records.filter((record) => typeof record === 'object' && record !== null && 'outcome' in record);
  expect(outcomes).toMatchObject([
    { outcome: 'admitted', code: null, captchaProvider: 'recaptcha', captcha: { verified: true, score: 0.9 } },
    { outcome: 'refused', code: 'captcha_score_too_low', captcha: { verified: true, score: 0.1 } },
    { outcome: 'refused', code: 'captcha_reused', captcha: { verified: false, score: 0.99 } },
  ]);
  const told = JSON.stringify([records, simulator.requests]);
  expect(told).not.toContain('canary');
  expect(told).not.toContain('sim-captcha-secret');
});

test('where captcha must be verified, somebody must be able to', () => {
  const create = () =>
    createGuestpass({
      environment: 'http://127.0.0.1:4010',
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      exchange: fetchExchange(createSimulator().fetch),
      policy: { captcha: { mode: 'verified' } },
    });
  expect(create).toThrow(expect.objectContaining({ code: 'config_invalid' }));
});

test('a verifier learns the channel of the guest, to tell the sites of channels apart', async () => {
  const asked: CaptchaAnswer[] = [];
  const own: CaptchaVerifier = {
    async verify(answer) {
      asked.push(answer);
      return { verdict: 'rejected', reason: 'wrong_hostname' };
    },
  };
  const guestpass = createGuestpass({
    environment: 'http://127.0.0.1:4010',
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    exchange: () => expect.unreachable('the captcha is refused first'),
    policy: { captcha: { verifiers: { own } } },
  });
  const consent = { accepted: true, timestamp: new Date().toISOString() };
  const captcha = { provider: 'own', response: 'answer' };
  const { outcome } = await guestpass.attempt({ channelId: 'shop', consent, captcha });
  expect([outcome, asked]).toEqual(['refused', [{ response: 'answer', channelId: 'shop' }]]);
});
