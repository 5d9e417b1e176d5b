import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tutorialPayload } from '../testing/requests.ts';
import { parsePayload } from './payload.ts';

const parse = (payload: unknown) => parsePayload('application/json', Buffer.from(JSON.stringify(payload)));

const detailsOf = (payload: unknown) => {
  const parsed = parse(payload);
  return parsed.ok ? [] : parsed.error.details;
};

test("accepts the tutorial's payload", () => {
  expect(parse(tutorialPayload)).toEqual({ ok: true, channelId: 'your-channel-id' });
});

test('captcha, score and attributes may be absent, and captcha and score null', () => {
  const { channelId, consent } = tutorialPayload;
  const captcha = { provider: 'hCaptcha', response: 'x' };
  expect(parse({ channelId, consent })).toMatchObject({ ok: true });
  expect(parse({ channelId, consent, captcha: null, attributes: {} })).toMatchObject({ ok: true });
  expect(parse({ channelId, consent, captcha })).toMatchObject({ ok: true });
  expect(parse({ channelId, consent, captcha: { ...captcha, score: null } })).toMatchObject({ ok: true });
});

test('fields it does not know are let pass', () => {
  const consent = { ...tutorialPayload.consent, noticeVersion: '2024-01' };
  expect(parse({ ...tutorialPayload, consent, more: 1 })).toMatchObject({ ok: true });
});

test('consent must be given', () => {
  const consent = { ...tutorialPayload.consent, accepted: false };
  expect(detailsOf({ ...tutorialPayload, consent })).toEqual([
    { errorCode: 'consent.not.accepted', fieldName: 'consent.accepted' },
  ]);
  expect(detailsOf({ ...tutorialPayload, consent: { ...consent, accepted: 'true' } })).toEqual([
    { errorCode: 'consent.not.accepted', fieldName: 'consent.accepted' },
  ]);
});

test('the consent timestamp must be an ISO 8601 instant of a real day', () => {
  const details = (timestamp: unknown) => detailsOf({ ...tutorialPayload, consent: { accepted: true, timestamp } });
  const invalid = [{ errorCode: 'invalid.date', fieldName: 'consent.timestamp' }];
  expect(details('2024-02-29T00:00:00+05:30')).toEqual([]);
  expect(details('2023-02-29T00:00:00Z')).toEqual(invalid);
  expect(details('yesterday')).toEqual(invalid);
  expect(details('2024-01-15')).toEqual(invalid);
  expect(details(1_705_314_600)).toEqual(invalid);
});

test('a captcha score is held to 0.5 and to 1', () => {
  const details = (score: unknown) => detailsOf({ ...tutorialPayload, captcha: { ...tutorialPayload.captcha, score } });
  expect(details(0.5)).toEqual([]);
  expect(details(1)).toEqual([]);
  expect(details(0.49)).toEqual([{ errorCode: 'captcha.score.too.low', fieldName: 'captcha.score' }]);
  expect(details(1.1)).toEqual([{ errorCode: 'invalid.value', fieldName: 'captcha.score' }]);
  expect(details('0.9')).toEqual([{ errorCode: 'invalid.type', fieldName: 'captcha.score' }]);
});

test('every fault is told at once', () => {
  expect(detailsOf({ channelId: '', captcha: {}, attributes: [] })).toEqual([
    { errorCode: 'required', fieldName: 'channelId' },
    { errorCode: 'required', fieldName: 'consent' },
    { errorCode: 'required', fieldName: 'captcha.provider' },
    { errorCode: 'required', fieldName: 'captcha.response' },
    { errorCode: 'invalid.type', fieldName: 'attributes' },
  ]);
});

test('JSON that is no object is one fault of the whole', () => {
  expect(parse([])).toMatchObject({
    ok: false,
    error: { code: 'constraint.validation', message: 'These fields are not valid: the body.' },
  });
});

test('broken JSON and broken UTF-8 are bad requests', () => {
  const bad = { ok: false, error: { status: 400, code: 'bad.request' } };
  expect(parsePayload('application/json', Buffer.from('{"channelId":'))).toMatchObject(bad);
  expect(parsePayload('application/json', new Uint8Array())).toMatchObject(bad);
  expect(parsePayload('application/json', new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject(bad);
});

test('only JSON is taken, with or without parameters', () => {
  const body = Buffer.from(JSON.stringify(tutorialPayload));
  const refused = { ok: false, error: { status: 415, code: 'unsupported.media.type' } };
  expect(parsePayload('Application/JSON; charset=utf-8', body)).toMatchObject({ ok: true });
  expect(parsePayload(undefined, body)).toMatchObject(refused);
  expect(parsePayload('text/plain', body)).toMatchObject(refused);
  expect(parsePayload('application/jsonp', body)).toMatchObject(refused);
});

test('no JSON whatever makes it throw, and no error repeats a captcha answer', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (payload) => {
      expect(parse(payload)).toMatchObject({ ok: expect.any(Boolean) });
    }),
  );
  expect(JSON.stringify(parse({ captcha: tutorialPayload.captcha }))).not.toContain('03AGdBq25');
});
