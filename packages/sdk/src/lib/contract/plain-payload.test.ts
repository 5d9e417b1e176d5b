import fc from 'fast-check';
import { expect, test } from 'vitest';
import { guestPayloadSchema } from './guest-payload.ts';
import { plainPayload } from './plain-payload.ts';

const full = {
  channelId: 'demo',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z', noticeVersion: '2024-01', language: 'en-US' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25', score: 0.9 },
  attributes: { origin: 'shop', cart: { items: [1, 2, 3] } },
};

test('what nearly every guest sends is read without the schema, as the schema reads it', () => {
  const least = { channelId: 'demo', consent: { accepted: false, timestamp: '2024-02-28T23:59:59.123+05:30' } };
  for (const payload of [full, least]) {
    expect(plainPayload(payload)).toEqual(payload);
    expect(plainPayload(payload)).toEqual(guestPayloadSchema.parse(payload));
  }
});

test('what is read is a copy', () => {
  expect(plainPayload(full)?.attributes).not.toBe(full.attributes);
  expect(plainPayload(full)?.consent).not.toBe(full.consent);
});

test('whatever is not beyond doubt is left to the schema', () => {
  const doubtful = [
    null,
    [full],
    { ...full, more: 1 },
    { ...full, captcha: undefined },
    { ...full, signIn: { code: 'c' } },
    { ...full, channelId: 'dé' },
    { ...full, consent: { ...full.consent, more: 1 } },
    { ...full, consent: { ...full.consent, timestamp: '2024-02-30T00:00:00Z' } },
    { ...full, captcha: { ...full.captcha, score: Number.NaN } },
    { ...full, attributes: { origin: 'a\nb' } },
    Object.assign(Object.create({ inherited: true }), full),
    Object.defineProperty({ ...full, more: 1 }, 'channelId', { enumerable: false }),
  ];
  expect(doubtful.map(plainPayload)).toEqual(doubtful.map(() => undefined));
});

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 30, maxLength: 300 }));
const instant = fc.oneof(
  fc.date().map((date) => (Number.isNaN(date.getTime()) ? 'never' : date.toISOString())),
  fc.stringMatching(
    /^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,12})?(Z|[+-][0-2][0-9]:[0-6][0-9])$/,
  ),
);
const odd = fc.oneof(fc.constant(undefined), fc.constant(null), fc.integer(), fc.boolean(), text);
const usually = <T>(common: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 9, arbitrary: common }, { weight: 1, arbitrary: odd });
const some = { requiredKeys: [] as [] };

const nearPayload = fc.record(
  {
    channelId: usually(text),
    consent: usually(
      fc.record(
        {
          accepted: usually(fc.boolean()),
          timestamp: usually(instant),
          noticeVersion: usually(text),
          language: usually(text),
          extra: odd,
        },
        some,
      ),
    ),
    captcha: usually(
      fc.record(
        { provider: usually(text), response: usually(text), score: usually(fc.double({ min: -1, max: 2 })) },
        some,
      ),
    ),
    attributes: usually(fc.dictionary(fc.stringMatching(/^[a-z_.é]{0,5}$/), fc.jsonValue())),
    extra: odd,
  },
  some,
);

test('whatever comes in, what is read is what the schema reads', () => {
  fc.assert(
    fc.property(nearPayload, (input) => {
      const plain = plainPayload(input);
      if (plain !== undefined) expect({ success: true, data: plain }).toEqual(guestPayloadSchema.safeParse(input));
    }),
    { numRuns: 3_000 },
  );
});
