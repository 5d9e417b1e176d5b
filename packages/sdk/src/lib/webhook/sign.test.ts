import { createSecretKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { generateWebhookSecret } from './secret.ts';
import { signatureOf, signWebhook } from './sign.ts';
import { verifyWebhook } from './verify.ts';

const message = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', body: '{"test": 2432232314}' };
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('the vector of the Standard Webhooks libraries comes out', () => {
  expect(signWebhook(message, { secrets: [secret], nowMs: 1_614_265_330_000 })).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('the vector of the Svix documentation comes out', () => {
  // Its key is shorter than the specification allows, so it cannot come in as a secret.
  const key = createSecretKey(Buffer.from('plJ3nmyCDGBKInavdOK15jsl', 'base64'));
  const body = '{"event_type":"ping","data":{"success":true}}';
  const signature = signatureOf(key, { id: 'msg_loFOjxBNrRLzqYUf', timestamp: '1731705121', body });
  expect(signature).toBe('v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=');
});

test('a string and its UTF-8 bytes have the same signature', () => {
  const body = '{"name":"Zoë 🎫"}';
  const options = { secrets: [secret], nowMs: 0 };
  expect(signWebhook({ id: 'a', body: Buffer.from(body) }, options)).toEqual(signWebhook({ id: 'a', body }, options));
});

test('each attempt has its own timestamp and the same id', () => {
  const first = signWebhook(message, { secrets: [secret], nowMs: 1_000_999 });
  const second = signWebhook(message, { secrets: [secret], nowMs: 6_000_000 });
  expect([first['webhook-timestamp'], second['webhook-timestamp']]).toEqual(['1000', '6000']);
  expect(first['webhook-id']).toBe(second['webhook-id']);
  expect(first['webhook-signature']).not.toBe(second['webhook-signature']);
});

test('while secrets change over, receivers with either one accept', () => {
  const older = generateWebhookSecret();
  const newer = generateWebhookSecret();
  const nowMs = 1_700_000_000_000;
  const headers = { ...signWebhook(message, { secrets: [newer, older], nowMs }) };
  expect(verifyWebhook({ headers, body: message.body, secrets: [older], nowMs }).id).toBe(message.id);
  expect(verifyWebhook({ headers, body: message.body, secrets: [newer], nowMs }).id).toBe(message.id);
  const [first] = headers['webhook-signature'].split(' ');
  expect(first).toBe(signWebhook(message, { secrets: [newer], nowMs })['webhook-signature']);

  const afterwards = { ...signWebhook(message, { secrets: [newer], nowMs }) };
  const withOld = () => verifyWebhook({ headers: afterwards, body: message.body, secrets: [older], nowMs });
  expect(withOld).toThrow(expect.objectContaining({ reason: 'no_match' }));
});

test('an id that could shift the signed fields is refused, and so is a missing secret', () => {
  for (const id of ['', 'a.b', 'a b', 'a\n', 'ä', 'x'.repeat(129)]) {
    expect(() => signWebhook({ id, body: '{}' }, { secrets: [secret], nowMs: 0 })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  }
  expect(() => signWebhook(message, { secrets: [], nowMs: 0 })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
});
