import { inspect } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import { createBreaker } from '../http/breaker-state.ts';
import { createBulkhead } from '../http/bulkhead.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { manualClock } from '../testing/manual-clock.ts';
import { withSingleUse } from './single-use.ts';
import { hcaptchaVerifier, recaptchaVerifier, type SiteverifyOptions, turnstileVerifier } from './siteverify.ts';
import { memoryCaptchaUses } from './uses.ts';
import type { CaptchaVerdict } from './verifier.ts';

const secret = 'canary-secret';
const answer = 'canary.Answer_1~2+3/4==';

function reply(status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: new TextEncoder().encode(text),
  };
}

/** Answers with one after the other, the last for ever; errors are thrown. */
function answering(...answers: readonly (HttpResponse | Error)[]) {
  const requests: HttpRequest[] = [];
  const exchange: Exchange = async (request) => {
    requests.push(request);
    const next = answers[Math.min(requests.length, answers.length) - 1] ?? reply(500, '');
    if (next instanceof Error) throw next;
    return next;
  };
  const form = (index: number) => new URLSearchParams(String(requests[index]?.body));
  return { exchange, requests, form };
}

type Verifier = typeof recaptchaVerifier;

const verdictOn = (verifier: Verifier, response: HttpResponse | Error, more: Partial<SiteverifyOptions> = {}) => {
  const { exchange } = answering(response);
  return verifier({ secret, exchange, clock: manualClock(), ...more }).verify({ response: answer }, {});
};

const passing = { success: true, challenge_ts: '2024-01-15T10:30:00Z', hostname: 'shop.example', action: 'chat' };
const refusedFor = (...codes: string[]) => reply(200, { success: false, 'error-codes': codes });

test('the provider is asked by a form at its own address', async () => {
  const asked = async (verifier: Verifier, more: Partial<SiteverifyOptions> = {}) => {
    const { exchange, requests, form } = answering(reply(200, passing));
    await verifier({ secret, exchange, ...more }).verify({ response: answer, remoteIp: '2001:db8::7' }, {});
    const [request] = requests;
    expect(request).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    });
    return { url: request?.url, ...Object.fromEntries(form(0)) };
  };
  const fields = { secret, response: answer, remoteip: '2001:db8::7' };
  expect(await asked(recaptchaVerifier)).toEqual({ url: 'https://www.google.com/recaptcha/api/siteverify', ...fields });
  expect(await asked(hcaptchaVerifier, { siteKey: 'site' })).toEqual({
    url: 'https://api.hcaptcha.com/siteverify',
    ...fields,
    sitekey: 'site',
  });
  expect(await asked(turnstileVerifier)).toEqual({
    url: 'https://challenges.cloudflare.com/turnstile/v0/siteverify',
    ...fields,
    idempotency_key: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
  });
});

test('each verification has an idempotency key of its own', async () => {
  const { exchange, form } = answering(reply(200, passing));
  const verifier = turnstileVerifier({ secret, exchange });
  await verifier.verify({ response: answer }, {});
  await verifier.verify({ response: answer }, {});
  expect(form(0).get('idempotency_key')).not.toBe(form(1).get('idempotency_key'));
});

test('an address that is none is not told', async () => {
  const { exchange, requests, form } = answering(reply(200, passing));
  const verifier = recaptchaVerifier({ secret, exchange });
  for (const remoteIp of ['', 'unknown', '10.0.0.1\r\nx: y', '10.0.0.1&secret=x', 'fe80::1%eth0']) {
    await verifier.verify({ response: answer, remoteIp }, {});
  }
  expect(requests.map((_, index) => form(index).has('remoteip'))).toEqual(Array(5).fill(false));
});

test('an answer the provider cannot have made is refused without asking', async () => {
  const { exchange, requests } = answering(reply(200, passing));
  const verifiers = [recaptchaVerifier, hcaptchaVerifier, turnstileVerifier].map((make) => make({ secret, exchange }));
  const answers = ['', 'x', ' ', 'a b', 'a\r\nb', 'a&secret=x', 'a%26b', 'ä', 'a\u0000b', 'a'.repeat(4097)];
  const verdicts = await Promise.all(
    verifiers.flatMap((verifier) => answers.map((response) => verifier.verify({ response }, {}))),
  );
  expect(verdicts).toEqual(verdicts.map(() => ({ verdict: 'rejected', reason: 'malformed' })));
  const long = await verifiers.at(-1)?.verify({ response: 'a'.repeat(2049) }, {});
  expect(long).toEqual({ verdict: 'rejected', reason: 'malformed' });
  expect(requests).toEqual([]);
});

test('a passed answer tells score, site and action', async () => {
  expect(await verdictOn(recaptchaVerifier, reply(200, { ...passing, score: 0.7 }))).toEqual({
    verdict: 'passed',
    score: 0.7,
    hostname: 'shop.example',
    action: 'chat',
  });
  expect(await verdictOn(turnstileVerifier, reply(200, { success: true, 'error-codes': [] }))).toEqual({
    verdict: 'passed',
    score: null,
  });
});

test("hCaptcha's risk is turned into a score", async () => {
  const score = async (risk: number) => {
    const verdict = await verdictOn(hcaptchaVerifier, reply(200, { ...passing, score: risk }));
    return verdict.verdict === 'passed' ? verdict.score : verdict;
  };
  expect([await score(0), await score(0.1), await score(0.85), await score(1)]).toEqual([1, 0.9, 0.15, 0]);
});

test('nothing but true is true, and what makes no sense is no verdict', async () => {
  const hostile = [
    { ...passing, success: 'true' },
    { ...passing, success: 1 },
    { ...passing, success: null },
    { ...passing, success: [true] },
    { hostname: 'shop.example' },
    { ...passing, score: '0.9' },
    { ...passing, score: -0.1 },
    { ...passing, score: 1.1 },
    { ...passing, score: [] },
    { ...passing, hostname: 7 },
    { ...passing, action: { toString: 'chat' } },
    { ...passing, 'error-codes': 'none' },
    [passing],
    'true',
    '"success"',
    'null',
    '{"success":true',
    '',
    '{"__proto__":{"success":true}}',
  ];
  const verdicts = await Promise.all(hostile.map((body) => verdictOn(recaptchaVerifier, reply(200, body))));
  expect(verdicts).toEqual(hostile.map(() => ({ verdict: 'unavailable', reason: 'answer_invalid' })));
  const page = reply(200, JSON.stringify(passing), { 'content-type': 'text/html' });
  expect(await verdictOn(recaptchaVerifier, page)).toMatchObject({ reason: 'answer_invalid' });
});

test('a success is one only with status 200', async () => {
  const statuses = [201, 204, 302, 401, 403, 404, 429, 500, 502, 503];
  const verdicts = await Promise.all(statuses.map((status) => verdictOn(recaptchaVerifier, reply(status, passing))));
  expect(verdicts).toEqual(
    statuses.map((status) => ({ verdict: 'unavailable', reason: 'provider_error', failure: `http_${status}` })),
  );
  expect(await verdictOn(recaptchaVerifier, reply(400, passing))).toMatchObject({ reason: 'answer_invalid' });
});

test('any JSON at all leads to a verdict, and none but a plain success with a score on the scale passes', async () => {
  const likely = fc.record(
    {
      success: fc.oneof(fc.constant(true), fc.jsonValue()),
      score: fc.oneof(fc.double({ min: -0.5, max: 1.5 }), fc.jsonValue()),
      'error-codes': fc.oneof(fc.array(fc.string()), fc.jsonValue()),
    },
    { requiredKeys: ['success'] },
  );
  const status = fc.oneof(fc.constant(200), fc.integer({ min: 100, max: 599 }));
  let passed = 0;
  await fc.assert(
    fc.asyncProperty(fc.oneof(likely, fc.jsonValue()), status, async (body, code) => {
      const verdict = await verdictOn(turnstileVerifier, reply(code, body));
      if (verdict.verdict !== 'passed') return;
      passed += 1;
      expect([code, body]).toMatchObject([200, { success: true }]);
      expect(verdict.score ?? 0.5).toSatisfy((score: number) => score >= 0 && score <= 1);
    }),
    { numRuns: 300, seed: 7 },
  );
  expect(passed).toBeGreaterThan(10);
});

test('a refusal says what kind it is', async () => {
  const verdict = (...codes: string[]) => verdictOn(recaptchaVerifier, refusedFor(...codes));
  expect(await verdict('invalid-input-response')).toEqual({ verdict: 'rejected', reason: 'invalid' });
  expect(await verdict()).toEqual({ verdict: 'rejected', reason: 'invalid' });
  expect(await verdict('something-new')).toEqual({ verdict: 'rejected', reason: 'invalid' });
  expect(await verdict('timeout-or-duplicate')).toEqual({ verdict: 'rejected', reason: 'expired' });
  expect(await verdict('expired-input-response')).toEqual({ verdict: 'rejected', reason: 'expired' });
  expect(await verdict('already-seen-response')).toEqual({ verdict: 'reused' });
  expect(await verdictOn(recaptchaVerifier, reply(400, { success: false }))).toMatchObject({ verdict: 'rejected' });
});

test("a fault of ours or of the provider is not laid at the visitor's door", async () => {
  const verdict = (...codes: string[]) => verdictOn(recaptchaVerifier, refusedFor(...codes));
  const secretRefused = { verdict: 'unavailable', reason: 'secret_refused' };
  expect(await verdict('invalid-input-secret')).toEqual(secretRefused);
  expect(await verdict('missing-input-secret', 'invalid-input-response')).toEqual(secretRefused);
  expect(await verdict('sitekey-secret-mismatch')).toEqual(secretRefused);
  expect(await verdict('bad-request')).toEqual({ verdict: 'unavailable', reason: 'request_refused' });
  expect(await verdict('internal-error')).toMatchObject({ verdict: 'unavailable', reason: 'provider_error' });
});

test('an answer made on another site or for another action is refused, and so is one that does not say', async () => {
  const verdict = (body: object, more: Partial<SiteverifyOptions>) =>
    verdictOn(recaptchaVerifier, reply(200, body), more);
  const hostnames = ['shop.example', 'www.shop.example'];
  const actions = ['chat'];
  const wrongSite = { verdict: 'rejected', reason: 'wrong_hostname' };
  const wrongAction = { verdict: 'rejected', reason: 'wrong_action' };
  expect(await verdict(passing, { hostnames, actions })).toMatchObject({ verdict: 'passed' });
  expect(await verdict({ ...passing, hostname: 'evil.example' }, { hostnames })).toEqual(wrongSite);
  expect(await verdict({ ...passing, hostname: 'xshop.example' }, { hostnames })).toEqual(wrongSite);
  expect(await verdict({ success: true }, { hostnames })).toEqual(wrongSite);
  expect(await verdict({ success: true, hostname: '' }, { hostnames: [''] })).toEqual(wrongSite);
  expect(await verdict(passing, { hostnames: [] })).toEqual(wrongSite);
  expect(await verdict({ ...passing, action: 'login' }, { hostnames, actions })).toEqual(wrongAction);
  expect(await verdict({ success: true, hostname: 'shop.example' }, { hostnames, actions })).toEqual(wrongAction);
});

test('a lost verdict of Turnstile is asked for once more under the same key', async () => {
  const lost = [
    new ExchangeError('ECONNRESET', { sent: 'maybe' }),
    reply(502, '<html>'),
    reply(200, '{"succ'),
    refusedFor('internal-error'),
  ];
  for (const first of lost) {
    const { exchange, requests, form } = answering(first, reply(200, passing));
    const verdict = await turnstileVerifier({ secret, exchange, clock: manualClock() }).verify(
      { response: answer },
      {},
    );
    expect([verdict.verdict, requests.length]).toEqual(['passed', 2]);
    expect(form(1).toString()).toBe(form(0).toString());
  }
});

test('it is asked for once more and no oftener', async () => {
  const { exchange, requests } = answering(reply(503, ''));
  const verdict = await turnstileVerifier({ secret, exchange, clock: manualClock() }).verify({ response: answer }, {});
  expect([verdict, requests.length]).toEqual([
    { verdict: 'unavailable', reason: 'provider_error', failure: 'http_503' },
    2,
  ]);
});

test('an answer spent by our own repeat is never taken for a robot', async () => {
  const second = async (first: HttpResponse | Error, then: HttpResponse) => {
    const { exchange } = answering(first, then);
    return turnstileVerifier({ secret, exchange, clock: manualClock() }).verify({ response: answer }, {});
  };
  const reset = new ExchangeError('ECONNRESET', { sent: 'maybe' });
  const unknown = { verdict: 'unavailable', reason: 'outcome_unknown' };
  expect(await second(reset, refusedFor('timeout-or-duplicate'))).toEqual(unknown);
  expect(await second(reset, refusedFor('invalid-input-response'))).toEqual({ verdict: 'rejected', reason: 'invalid' });
  // Nothing was sent before, so that it is expired is the provider's word.
  const refused = new ExchangeError('ECONNREFUSED', { sent: 'no' });
  expect(await second(refused, refusedFor('timeout-or-duplicate'))).toEqual({ verdict: 'rejected', reason: 'expired' });
});

test('the others are never asked again about an answer they may have seen', async () => {
  const asked = async (verifier: Verifier, ...answers: (HttpResponse | Error)[]) => {
    const { exchange, requests } = answering(...answers);
    const verdict = await verifier({ secret, exchange, clock: manualClock() }).verify({ response: answer }, {});
    return [verdict.verdict, requests.length];
  };
  for (const verifier of [recaptchaVerifier, hcaptchaVerifier]) {
    expect(await asked(verifier, new ExchangeError('ECONNRESET', { sent: 'maybe' }))).toEqual(['unavailable', 1]);
    expect(await asked(verifier, reply(503, ''))).toEqual(['unavailable', 1]);
    expect(await asked(verifier, reply(200, 'x'))).toEqual(['unavailable', 1]);
    const refused = new ExchangeError('ECONNREFUSED', { sent: 'no' });
    expect(await asked(verifier, refused, reply(200, passing))).toEqual(['passed', 2]);
    const untrusted = new ExchangeError('CERT_HAS_EXPIRED', { sent: 'no', permanent: true });
    expect(await asked(verifier, untrusted, reply(200, passing))).toEqual(['unavailable', 1]);
  }
});

test('a limit is not answered by asking at once again', async () => {
  const { exchange, requests } = answering(reply(429, ''));
  await turnstileVerifier({ secret, exchange, clock: manualClock() }).verify({ response: answer }, {});
  expect(requests).toHaveLength(1);
});

/** Never answers, and notes when it was given up. */
function silent() {
  const requests: HttpRequest[] = [];
  const exchange: Exchange = (request) => {
    requests.push(request);
    return new Promise((_, reject) => {
      const giveUp = () => reject(new ExchangeError('aborted', { sent: 'maybe' }));
      request.signal?.addEventListener('abort', giveUp, { once: true });
    });
  };
  return { exchange, requests };
}

test('silence ends in a timeout, after one request or, for Turnstile, after two', async () => {
  const took = async (verifier: Verifier, deadlineAt?: number) => {
    const clock = manualClock();
    const { exchange, requests } = silent();
    const verifying = verifier({ secret, exchange, clock }).verify(
      { response: answer },
      deadlineAt === undefined ? {} : { deadlineAt },
    );
    const verdict = await clock.settle(verifying);
    expect(verdict).toMatchObject({ verdict: 'unavailable', reason: 'timeout' });
    expect(clock.pending).toBe(0);
    return [requests.length, clock.monotonic()];
  };
  expect(await took(recaptchaVerifier)).toEqual([1, 3000]);
  expect(await took(turnstileVerifier)).toEqual([2, 6000]);
  expect(await took(turnstileVerifier, 4000)).toEqual([2, 4000]);
  expect(await took(turnstileVerifier, 3100)).toEqual([1, 3000]);
  expect(await took(recaptchaVerifier, 500)).toEqual([1, 500]);
});

test('a provider that keeps failing is left alone, and found again', async () => {
  const clock = manualClock();
  const { exchange, requests } = answering(...Array.from({ length: 20 }, () => reply(500, '')), reply(200, passing));
  const breaker = createBreaker();
  const verifier = recaptchaVerifier({ secret, exchange, clock, breaker });
  const ask = () => verifier.verify({ response: answer }, {});
  expect(verifier.heldBack?.()).toBeUndefined();
  for (let i = 0; i < 20; i += 1) expect(await ask()).toMatchObject({ reason: 'provider_error' });
  expect(verifier.heldBack?.()).toEqual({ verdict: 'unavailable', reason: 'left_alone', retryAfterMs: 5_000 });
  expect(await ask()).toEqual({ verdict: 'unavailable', reason: 'left_alone', retryAfterMs: 5_000 });
  await clock.advance(3_000);
  expect(await ask()).toMatchObject({ retryAfterMs: 2_000 });
  expect(requests).toHaveLength(20);
  await clock.advance(2_000);
  expect([(await ask()).verdict, (await ask()).verdict, breaker.state]).toEqual(['passed', 'passed', 'closed']);
});

test('a repeat that is not sent any more leaves what the first question came to', async () => {
  const clock = manualClock();
  const { exchange, requests } = answering(reply(500, ''));
  const breaker = createBreaker();
  const once = recaptchaVerifier({ secret, exchange, clock, breaker });
  for (let i = 0; i < 19; i += 1) await once.verify({ response: answer }, {});
  const twice = turnstileVerifier({ secret, exchange, clock, breaker });
  expect(await twice.verify({ response: answer }, {})).toMatchObject({ reason: 'provider_error' });
  expect([requests.length, breaker.state]).toEqual([20, 'open']);
});

test('a provider that refuses answers, limits us or turns our secret away is no failing one', async () => {
  const stateAfter = async (response: HttpResponse) => {
    const breaker = createBreaker();
    const verifier = recaptchaVerifier({ secret, exchange: async () => response, clock: manualClock(), breaker });
    for (let i = 0; i < 40; i += 1) await verifier.verify({ response: answer }, {});
    return breaker.state;
  };
  expect(await stateAfter(reply(429, '', { 'retry-after': '60' }))).toBe('closed');
  expect(await stateAfter(reply(400, { success: false, 'error-codes': ['bad-request'] }))).toBe('closed');
  expect(await stateAfter(refusedFor('invalid-input-response'))).toBe('closed');
  expect(await stateAfter(refusedFor('invalid-input-secret'))).toBe('closed');
});

test('beyond the places and the line for a provider nothing is asked', async () => {
  const clock = manualClock();
  const { exchange, requests } = silent();
  const bulkhead = createBulkhead({ places: 2, queue: 1, clock });
  const verifier = recaptchaVerifier({ secret, exchange, clock, bulkhead });
  const verifying = Array.from({ length: 4 }, () => verifier.verify({ response: answer }, {}));
  await expect(verifying[3]).rejects.toMatchObject({ code: 'overloaded' });
  expect(() => verifier.heldBack?.()).toThrow('2 requests are under way, and 1 wait.');
  await clock.settle(Promise.allSettled(verifying));
  expect(verifier.heldBack?.()).toBeUndefined();
  expect([requests.length, bulkhead.inUse, bulkhead.waiting, clock.pending]).toEqual([2, 0, 0, 0]);
});

test('a caller who gives up is not waited for, and nothing is left', async () => {
  const clock = manualClock();
  const { exchange, requests } = silent();
  const controller = new AbortController();
  const verifying = turnstileVerifier({ secret, exchange, clock }).verify(
    { response: answer },
    { signal: controller.signal },
  );
  controller.abort(new Error('canary'));
  expect(await clock.settle(verifying)).toEqual({ verdict: 'unavailable', reason: 'aborted' });
  expect([requests.length, clock.pending]).toEqual([1, 0]);
});

test('a fault of our own is passed on as it is', async () => {
  const fault = new TypeError('ours');
  await expect(verdictOn(recaptchaVerifier, fault)).rejects.toBe(fault);
});

test('neither secret nor answer stands in a verdict', async () => {
  const verdicts: CaptchaVerdict[] = await Promise.all([
    verdictOn(recaptchaVerifier, reply(200, passing)),
    verdictOn(recaptchaVerifier, reply(200, `{"echo":"${secret}${answer}"}`)),
    verdictOn(recaptchaVerifier, refusedFor(secret, answer)),
    verdictOn(recaptchaVerifier, reply(500, secret)),
    verdictOn(recaptchaVerifier, new ExchangeError('ECONNRESET', { sent: 'maybe', cause: new Error(secret) })),
  ]);
  expect(inspect(verdicts, { depth: 9, showHidden: true })).not.toContain('canary');
});

const fault = (more: Partial<SiteverifyOptions>, verifier: Verifier = recaptchaVerifier): unknown => {
  try {
    return verifier({ secret, exchange: answering().exchange, ...more });
  } catch (error) {
    return isGuestpassError(error) ? error.code : error;
  }
};

test('the secret goes over https, or to this machine', () => {
  const refused = [
    'http://captcha.example/',
    'http://127.0.0.1.example/',
    'ftp://captcha.example/',
    '/siteverify',
    '',
    'https://a:b@c.example/',
  ];
  expect(refused.map((url) => fault({ url }))).toEqual(refused.map(() => 'config_invalid'));
  const taken = ['https://captcha.example/x', 'http://127.0.0.1:1/x', 'http://[::1]:1/x', 'http://localhost/x'];
  expect(taken.map((url) => typeof fault({ url }))).toEqual(taken.map(() => 'object'));
});

test("a provider's secret for trials, or none, is no secret unless that is meant", () => {
  const trial = '1x0000000000000000000000000000000AA';
  expect(fault({ secret: '' })).toBe('config_invalid');
  expect(fault({ secret: trial }, turnstileVerifier)).toBe('config_invalid');
  expect(typeof fault({ secret: trial, allowTestSecret: true }, turnstileVerifier)).toBe('object');
  expect(fault({ secret: '6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe' })).toBe('config_invalid');
  expect(fault({ secret: '0x0000000000000000000000000000000000000000' }, hcaptchaVerifier)).toBe('config_invalid');
});

test('a repeat that finds no place leaves the answer taken, since the provider may have spent it before', async () => {
  const clock = manualClock();
  const overloaded = new GuestpassError('overloaded', 'The line is full.');
  const { exchange, requests } = answering(reply(503, ''), overloaded);
  const uses = memoryCaptchaUses({ clock });
  const once = withSingleUse(turnstileVerifier({ secret, exchange, clock }), { uses, clock });
  const ask = () => once.verify({ response: answer }, {});
  expect(await ask()).toMatchObject({ verdict: 'unavailable', reason: 'provider_error' });
  expect([await ask(), requests.length]).toEqual([{ verdict: 'reused' }, 2]);
});

test('a first request that finds no place is told as what it is', async () => {
  const { exchange, requests } = answering(new GuestpassError('overloaded', 'The line is full.'));
  const verifier = turnstileVerifier({ secret, exchange, clock: manualClock() });
  await expect(verifier.verify({ response: answer }, {})).rejects.toMatchObject({ code: 'overloaded' });
  expect(requests).toHaveLength(1);
});
