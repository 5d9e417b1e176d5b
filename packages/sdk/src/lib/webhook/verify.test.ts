import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, test } from 'vitest';
import { generateWebhookSecret } from './secret.ts';
import { signWebhook } from './sign.ts';
import { type VerifyWebhookOptions, verifyWebhook } from './verify.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const nowMs = 1_614_265_330_000;
const body = '{"test": 2432232314}';
const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const headers = {
  'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'webhook-timestamp': '1614265330',
  'webhook-signature': signature,
};

const verify = (more: Partial<VerifyWebhookOptions> = {}) =>
  verifyWebhook({ headers, body, secrets: [secret], nowMs, ...more });

const reasonOf = (more: Partial<VerifyWebhookOptions>) => {
  try {
    return verify(more).id;
  } catch (error) {
    return (error as { reason?: string }).reason;
  }
};

const accepted = { id: headers['webhook-id'], timestamp: 1_614_265_330, payload: { test: 2_432_232_314 } };

test('the official message is accepted', () => {
  expect(verify()).toEqual(accepted);
  expect(verify({ body: Buffer.from(body) })).toEqual(accepted);
  expect(verify({ secrets: [secret.slice('whsec_'.length)] })).toEqual(accepted);
});

test('headers may come as any server hands them over', () => {
  expect(verify({ headers: new Headers(headers) })).toEqual(accepted);
  const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value]));
  expect(verify({ headers: shouted })).toEqual(accepted);
  expect(verify({ headers: { ...headers, 'webhook-signature': ['v1,AAAA', signature], other: undefined } })).toEqual(
    accepted,
  );
});

test('a missing header is told from a wrong one', () => {
  for (const name of Object.keys(headers)) {
    expect(reasonOf({ headers: { ...headers, [name]: undefined } })).toBe('header_missing');
    expect(reasonOf({ headers: { ...headers, [name]: '' } })).toBe('header_missing');
  }
  expect(reasonOf({ headers: {} })).toBe('header_missing');
});

test('a timestamp that is not whole seconds is refused', () => {
  for (const timestamp of ['hello', '1614265330x', ' 1614265330', '-1', '1.5', 'Infinity', '1e9', '0x10', '١', 'NaN']) {
    expect(reasonOf({ headers: { ...headers, 'webhook-timestamp': timestamp } })).toBe('timestamp_invalid');
  }
});

test('five minutes are tolerated in both directions, and no second more', () => {
  const at = (shiftMs: number, more = {}) => reasonOf({ nowMs: nowMs + shiftMs, ...more });
  expect([at(300_000), at(-300_000)]).toEqual([accepted.id, accepted.id]);
  expect([at(301_000), at(-301_000)]).toEqual(['too_old', 'too_new']);
  expect(at(61_000, { toleranceMs: 60_000 })).toBe('too_old');
});

test('no wrong signature passes', () => {
  const raw = signature.slice('v1,'.length);
  for (const wrong of [
    'v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    signature.slice(0, -8),
    signature.slice(0, -1),
    `${signature}=`,
    'v1,',
    'v1',
    ',',
    ' ',
    raw,
    `v2,${raw}`,
    `V1,${raw}`,
    `v1a,${raw}`,
    `v1=${raw}`,
    signature.toLowerCase(),
  ]) {
    expect(reasonOf({ headers: { ...headers, 'webhook-signature': wrong } })).toBe('no_match');
  }
});

test('one good signature among others is enough', () => {
  const raw = signature.slice('v1,'.length);
  const several = `v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc= v2,${raw} ${signature} v1,`;
  expect(verify({ headers: { ...headers, 'webhook-signature': several } })).toEqual(accepted);
});

test('any of the secrets will do, another one will not', () => {
  expect(verify({ secrets: [generateWebhookSecret(), secret] })).toEqual(accepted);
  expect(reasonOf({ secrets: [generateWebhookSecret()] })).toBe('no_match');
});

test('without a usable secret nothing is verified', () => {
  const bad = expect.objectContaining({ code: 'config_invalid' });
  expect(() => verify({ secrets: [] })).toThrow(bad);
  expect(() => verify({ secrets: [''] })).toThrow(bad);
  expect(() => verify({ secrets: ['whsec_'] })).toThrow(bad);
});

test('a change in any signed field is found', () => {
  expect(reasonOf({ body: body.replace(' ', '') })).toBe('no_match');
  expect(reasonOf({ headers: { ...headers, 'webhook-id': 'msg_other' } })).toBe('no_match');
  expect(reasonOf({ headers: { ...headers, 'webhook-timestamp': '1614265331' } })).toBe('no_match');
  expect(reasonOf({ headers: { ...headers, 'webhook-timestamp': '01614265330' } })).toBe('no_match');
});

test('the signed fields cannot be shifted by a full stop in the id', () => {
  expect(reasonOf({ headers: { ...headers, 'webhook-id': 'msg.1' } })).toBe('id_invalid');
});

test('a signed body that is not JSON in UTF-8 is refused and not repeated', () => {
  for (const odd of ['', 'secret words', Buffer.from([0x22, 0xff, 0x22])]) {
    const signed = signWebhook({ id: 'msg_1', body: odd }, { secrets: [secret], nowMs });
    const attempt = () => verifyWebhook({ headers: { ...signed }, body: odd, secrets: [secret], nowMs });
    expect(attempt).toThrow(expect.objectContaining({ reason: 'payload_invalid' }));
    expect(attempt).not.toThrow(/secret words/);
  }
});

const anySecret = fc
  .uint8Array({ minLength: 24, maxLength: 64 })
  .map((bytes) => `whsec_${Buffer.from(bytes).toString('base64')}`);
const anyId = fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/);
const anyPayload = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });

test('what we sign, the published package verifies', () => {
  // That package reads the system's clock itself.
  const signedAt = Date.now();
  fc.assert(
    fc.property(anySecret, anyId, anyPayload, (anyOne, id, payload) => {
      const json = JSON.stringify(payload);
      const signed = signWebhook({ id, body: json }, { secrets: [generateWebhookSecret(), anyOne], nowMs: signedAt });
      expect(new Webhook(anyOne).verify(json, { ...signed })).toEqual(JSON.parse(json));
    }),
    { numRuns: 1000 },
  );
});

test('what the published package signs, we verify', () => {
  fc.assert(
    fc.property(fc.tuple(anySecret, anyId), anyPayload, fc.nat(2_000_000_000), ([anyOne, id], payload, timestamp) => {
      const json = JSON.stringify(payload);
      const signed = {
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': new Webhook(anyOne).sign(id, new Date(timestamp * 1000), json),
      };
      const verified = verifyWebhook({ headers: signed, body: json, secrets: [anyOne], nowMs: timestamp * 1000 });
      expect(verified).toEqual({ id, timestamp, payload: JSON.parse(json) });
    }),
    { numRuns: 1000 },
  );
});
