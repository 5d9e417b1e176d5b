import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { CaptchaAnswer, CaptchaCall, CaptchaVerdict, CaptchaVerifier } from '../captcha/verifier.ts';
import { GuestpassError } from '../errors.ts';
import { type CaptchaPolicy, refuseCaptcha, verifyCaptcha } from './captcha.ts';

const captcha = { provider: 'turnstile', response: 'canary-answer', score: 0.9 };

/** A provider with one verdict, which notes what it was asked. */
function provider(verdict: CaptchaVerdict | Error) {
  const asked: [CaptchaAnswer, CaptchaCall][] = [];
  const verifier: CaptchaVerifier = {
    async verify(...question) {
      asked.push(question);
      if (verdict instanceof Error) throw verdict;
      return verdict;
    },
  };
  return { asked, verifiers: { turnstile: verifier } };
}

const passed = (score: number | null): CaptchaVerdict => ({ verdict: 'passed', score });

/** What the provider's verdict comes to. */
const judged = async (verdict: CaptchaVerdict | Error, policy: CaptchaPolicy = {}) => {
  const verified = await verifyCaptcha(captcha, { ...policy, ...provider(verdict) }, {});
  return (
    verified && [verified.judgement.verified, verified.judgement.score, verified.end?.outcome, verified.end?.error.code]
  );
};

test('nobody is asked about a provider without a verifier, and nothing is waited for', () => {
  const { verifiers, asked } = provider(passed(null));
  expect(verifyCaptcha(captcha, {}, {})).toBeUndefined();
  expect(verifyCaptcha(undefined, { verifiers }, {})).toBeUndefined();
  expect(verifyCaptcha({ ...captcha, provider: 'recaptcha' }, { verifiers }, {})).toBeUndefined();
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(verifyCaptcha({ ...captcha, provider: name }, { verifiers }, {})).toBeUndefined();
  }
  expect(asked).toEqual([]);
});

test("the provider's score replaces the client's", async () => {
  expect(await judged(passed(0.7))).toEqual([true, 0.7, undefined, undefined]);
  expect(await judged(passed(0.5))).toEqual([true, 0.5, undefined, undefined]);
  expect(await judged(passed(0.49))).toEqual([true, 0.49, 'refused', 'captcha_score_too_low']);
  expect(await judged(passed(0.7), { threshold: 0.8 })).toEqual([true, 0.7, 'refused', 'captcha_score_too_low']);
});

test('a score off the scale is no verdict', async () => {
  const off = await Promise.all([Number.NaN, -1, 1.1, 90].map((score) => judged(passed(score))));
  expect(off).toEqual(off.map(() => [false, 0.9, 'failed', 'captcha_unavailable']));
});

test('a provider without scores decides alone', async () => {
  expect(await judged(passed(null), { threshold: 1 })).toEqual([true, null, undefined, undefined]);
});

test('a rejected or used answer refuses the guest', async () => {
  expect(await judged({ verdict: 'rejected', reason: 'invalid' })).toEqual([true, null, 'refused', 'captcha_rejected']);
  expect(await judged({ verdict: 'reused' })).toEqual([false, 0.9, 'refused', 'captcha_reused']);
});

test('what nobody could verify fails, and lets nobody in', async () => {
  const reasons = ['unreachable', 'timeout', 'provider_error', 'answer_invalid', 'outcome_unknown'] as const;
  for (const reason of reasons) {
    expect(await judged({ verdict: 'unavailable', reason })).toEqual([false, 0.9, 'failed', 'captcha_unavailable']);
  }
  expect(await judged({ verdict: 'unavailable', reason: 'aborted' })).toEqual([false, 0.9, 'failed', 'aborted']);
});

test('a channel may let guests in while their provider is out, and they are marked', async () => {
  const shop = { unverifiedChannels: ['shop'] };
  const letIn = async (verdict: CaptchaVerdict, channelId = 'shop', given = captcha) =>
    await verifyCaptcha(given, { ...shop, ...provider(verdict) }, { channelId });
  const marked = { judgement: { provider: 'turnstile', verified: false, score: 0.9, unavailable: true } };
  for (const reason of ['unreachable', 'timeout', 'provider_error', 'answer_invalid', 'left_alone'] as const) {
    expect(await letIn({ verdict: 'unavailable', reason })).toEqual(marked);
  }
  const down: CaptchaVerdict = { verdict: 'unavailable', reason: 'timeout' };
  expect((await letIn(down, 'chat'))?.end?.error.code).toBe('captcha_unavailable');
  expect((await letIn(down, 'shop', { ...captcha, score: 0.4 }))?.end?.error.code).toBe('captcha_score_too_low');
  expect((await letIn({ verdict: 'rejected', reason: 'invalid' }))?.end?.error.code).toBe('captcha_rejected');
  for (const reason of ['secret_refused', 'request_refused', 'aborted'] as const) {
    expect((await letIn({ verdict: 'unavailable', reason }))?.end?.outcome).toBe('failed');
  }
  expect((await letIn(passed(0.8)))?.judgement).toEqual({ provider: 'turnstile', verified: true, score: 0.8 });
});

test('an error of the verifier ends the attempt, and a malfunction is thrown', async () => {
  const down = new GuestpassError('storage_unavailable', 'The database is down.');
  expect(await judged(down)).toEqual([false, 0.9, 'failed', 'storage_unavailable']);
  const fault = new TypeError('ours');
  await expect(judged(fault)).rejects.toBe(fault);
});

test('each end says why and what to do, and repeats nothing', async () => {
  const message = async (verdict: CaptchaVerdict) => {
    const verified = await verifyCaptcha(captcha, provider(verdict), {});
    expect(inspect(verified, { depth: 9 })).not.toContain('canary');
    return verified?.end?.error;
  };
  const rejected = (reason: 'malformed' | 'invalid' | 'expired' | 'wrong_hostname' | 'wrong_action') =>
    message({ verdict: 'rejected', reason });
  expect((await rejected('expired'))?.message).toMatch(/expired/);
  expect((await rejected('wrong_hostname'))?.message).toMatch(/another site/);
  expect((await rejected('wrong_action'))?.message).toMatch(/another action/);
  expect((await rejected('malformed'))?.message).toMatch(/not one that this provider makes/);
  const unreachable = await message({ verdict: 'unavailable', reason: 'unreachable', failure: 'ECONNREFUSED' });
  expect(unreachable?.message).toMatch(/\(ECONNREFUSED\).*fresh captcha answer/);
  expect(unreachable?.retryable).toBe(true);
  const leftAlone = await message({ verdict: 'unavailable', reason: 'left_alone', retryAfterMs: 4_000 });
  expect(leftAlone).toMatchObject({ code: 'captcha_unavailable', retryable: true, retryAfterMs: 4_000 });
  const secret = await message({ verdict: 'unavailable', reason: 'secret_refused' });
  expect(secret).toMatchObject({ code: 'captcha_unavailable', retryable: false });
  expect(secret?.message).toMatch(/refused our secret.*Check/);
});

test('the provider is told the answer, the address and the deadline, and no score', async () => {
  const { verifiers, asked } = provider(passed(null));
  const { signal } = new AbortController();
  await verifyCaptcha(captcha, { verifiers }, { signal, deadlineAt: 7, remoteIp: '192.0.2.7' });
  await verifyCaptcha(captcha, { verifiers }, {});
  expect(asked).toEqual([
    [
      { response: 'canary-answer', remoteIp: '192.0.2.7' },
      { signal, deadlineAt: 7 },
    ],
    [{ response: 'canary-answer' }, {}],
  ]);
});

test('where captcha must be verified, it must be there and its provider known', () => {
  const { verifiers } = provider(passed(null));
  const verified = { mode: 'verified', verifiers } as const;
  expect(refuseCaptcha(undefined, verified)?.code).toBe('captcha_required');
  expect(refuseCaptcha(captcha, verified)).toBeUndefined();
  const unknown = refuseCaptcha({ ...captcha, provider: 'canary' }, verified);
  expect([unknown?.code, unknown?.message]).toEqual([
    'captcha_rejected',
    'Answers of this captcha provider cannot be verified here. Use one of: turnstile.',
  ]);
  expect(refuseCaptcha({ ...captcha, provider: 'constructor' }, verified)?.code).toBe('captcha_rejected');
  expect(refuseCaptcha(captcha, { mode: 'verified' })?.message).toMatch(/Configure a verifier/);
});

test("with a verifier the client's score counts for nothing, and need not be there", () => {
  const { verifiers } = provider(passed(null));
  const { score, ...unscored } = captcha;
  expect(score).toBe(0.9);
  expect(refuseCaptcha(unscored, { mode: 'required', verifiers })).toBeUndefined();
  expect(refuseCaptcha({ ...captcha, score: 0.1 }, { verifiers })).toBeUndefined();
  expect(refuseCaptcha(undefined, { mode: 'required', verifiers })?.code).toBe('captcha_required');
  expect(refuseCaptcha(undefined, { verifiers })).toBeUndefined();
  expect(refuseCaptcha({ ...captcha, provider: 'recaptcha', score: 0.1 }, { verifiers })?.code).toBe(
    'captcha_score_too_low',
  );
});
