import { expect, test } from 'vitest';
import { createSimulator, type Simulator } from '../simulator.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { readJson } from '../testing/requests.ts';

const secret = 'sim-captcha-secret';

const siteverify = (provider: string, form: Record<string, string>, headers: Record<string, string> = {}) =>
  new Request(`http://simulator.test/captcha/${provider}/siteverify`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });

const ask = async (simulator: Simulator, provider: string, form: Record<string, string>) => {
  const response = await simulator.fetch(siteverify(provider, form));
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/json']);
  return readJson(response);
};

const key = '2f9b1a7e-0000-4000-8000-5f6c7d8e9f00';

test('each provider says that an answer passed in its own words', async () => {
  const simulator = createSimulator({ clock: manualClock() });
  expect(await ask(simulator, 'recaptcha', { secret, response: 'ok' })).toEqual({
    success: true,
    challenge_ts: '2024-01-15T10:30:00Z',
    hostname: 'localhost',
    score: 0.9,
    action: 'guest',
  });
  expect(await ask(simulator, 'hcaptcha', { secret, response: 'ok' })).toEqual({
    success: true,
    challenge_ts: '2024-01-15T10:30:00.000000Z',
    hostname: 'localhost',
    credit: false,
    score: 0.1,
    score_reason: [],
  });
  expect(await ask(simulator, 'turnstile', { secret, response: 'ok' })).toEqual({
    success: true,
    'error-codes': [],
    challenge_ts: '2024-01-15T10:30:00.000Z',
    hostname: 'localhost',
    action: 'guest',
    cdata: '',
    metadata: { interactive: false },
  });
  expect(simulator.stats()).toMatchObject({ captchaRequests: 3, captchasPassed: 3 });
});

test('a checkbox has no score, and a low score passes with one', async () => {
  const simulator = createSimulator();
  expect(await ask(simulator, 'recaptcha', { secret, response: 'checkbox.1' })).not.toHaveProperty('score');
  expect(await ask(simulator, 'recaptcha', { secret, response: 'low-score.1' })).toMatchObject({ score: 0.1 });
  expect(await ask(simulator, 'hcaptcha', { secret, response: 'low-score.1' })).toMatchObject({ score: 0.9 });
  expect(await ask(simulator, 'turnstile', { secret, response: 'low-score.1' })).toMatchObject({ success: false });
});

test('an answer passes once', async () => {
  const simulator = createSimulator();
  const twice = async (provider: string) => {
    await ask(simulator, provider, { secret, response: 'ok.1' });
    return ask(simulator, provider, { secret, response: 'ok.1' });
  };
  expect(await twice('recaptcha')).toEqual({ success: false, 'error-codes': ['timeout-or-duplicate'] });
  expect(await twice('hcaptcha')).toEqual({ success: false, 'error-codes': ['already-seen-response'] });
  expect(await twice('turnstile')).toEqual({ success: false, 'error-codes': ['timeout-or-duplicate'], messages: [] });
  expect(simulator.stats().captchasPassed).toBe(3);
});

test('under one idempotency key Turnstile says the same again', async () => {
  const simulator = createSimulator({ clock: manualClock() });
  const form = { secret, response: 'ok.1', idempotency_key: key };
  const first = await ask(simulator, 'turnstile', form);
  expect(await ask(simulator, 'turnstile', form)).toEqual(first);
  const other = { ...form, idempotency_key: key.replace('2', '3') };
  expect(await ask(simulator, 'turnstile', other)).toMatchObject({ success: false });
  expect(await ask(simulator, 'turnstile', { ...form, idempotency_key: 'again' })).toMatchObject({
    'error-codes': ['bad-request'],
  });
  expect(simulator.stats().captchasPassed).toBe(1);
});

test('what is wrong has a code', async () => {
  const simulator = createSimulator({ captcha: { secret: 'mine' } });
  const codes = async (provider: string, form: Record<string, string>) =>
    (await ask(simulator, provider, form))['error-codes'];
  expect(await codes('recaptcha', { response: 'ok' })).toEqual(['missing-input-secret']);
  expect(await codes('recaptcha', { secret, response: 'ok' })).toEqual(['invalid-input-secret']);
  expect(await codes('recaptcha', { secret: 'mine' })).toEqual(['missing-input-response']);
  expect(await codes('recaptcha', { secret: 'mine', response: 'rejected' })).toEqual(['invalid-input-response']);
  expect(await codes('recaptcha', { secret: 'mine', response: 'okay' })).toEqual(['invalid-input-response']);
  expect(await codes('recaptcha', { secret: 'mine', response: 'expired.7' })).toEqual(['timeout-or-duplicate']);
  expect(await codes('hcaptcha', { secret: 'mine', response: 'expired' })).toEqual(['expired-input-response']);
  const long = { secret: 'mine', response: `ok.${'x'.repeat(2046)}` };
  expect(await codes('turnstile', long)).toEqual(['invalid-input-response']);
  const json = siteverify('turnstile', long, { 'Content-Type': 'application/json' });
  expect(await readJson(await simulator.fetch(json))).toMatchObject({ 'error-codes': ['bad-request'] });
});

test('other methods are 405, other providers 404', async () => {
  const simulator = createSimulator();
  const get = await simulator.fetch(new Request('http://simulator.test/captcha/recaptcha/siteverify'));
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  expect((await simulator.fetch(siteverify('friendly', {}))).status).toBe(404);
});

test('faults reach the captcha alone, and no secret or answer is told', async () => {
  const simulator = createSimulator();
  simulator.faults.add({ operation: 'captcha', status: 503 });
  expect((await simulator.fetch(new Request('http://simulator.test/oauth/token'))).status).toBe(405);
  const failed = await simulator.fetch(
    siteverify('turnstile', { secret, response: 'ok.canary', remoteip: '192.0.2.7' }),
  );
  expect([failed.status, await readJson(failed)]).toEqual([503, { success: false, 'error-codes': ['internal-error'] }]);
  expect(simulator.requests.map(({ operation }) => operation)).toEqual(['token', 'captcha']);
  const told = JSON.stringify(simulator.requests);
  for (const kept of [secret, 'ok.canary', '192.0.2.7']) expect(told).not.toContain(kept);
  expect(await ask(simulator, 'turnstile', { secret, response: 'ok.canary' })).toMatchObject({ success: true });
});

test('a reset makes every answer fresh', async () => {
  const simulator = createSimulator();
  await ask(simulator, 'hcaptcha', { secret, response: 'ok' });
  simulator.reset();
  expect(await ask(simulator, 'hcaptcha', { secret, response: 'ok' })).toMatchObject({ success: true });
});
