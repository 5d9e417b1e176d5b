import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { processGuestResponse, restIssuer } from './rest.ts';

const now = Date.parse('2024-01-15T10:30:00Z');
const json = { 'content-type': 'application/json', 'inin-correlation-id': 'corr-1' };
const bytes = (text: string) => new TextEncoder().encode(text);
const answer = (status: number, body: unknown, headers: Record<string, string> = {}): HttpResponse => ({
  status,
  headers: { ...json, ...headers },
  body: bytes(typeof body === 'string' ? body : JSON.stringify(body)),
});
const process = (response: HttpResponse) => processGuestResponse(response, 'demo', now);
const guest = { guestId: 'guest-1', sessionToken: 'secret-session-token' };

function issuerOver(exchange: Exchange) {
  return restIssuer({
    guestsUrl: 'https://platform.example.test/guests',
    exchange,
    tokens: { get: async () => ({ value: 't', cached: true, tries: [] }), drop: () => {} },
    now: () => now,
  });
}
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } };
const ready = { tries: [] };

test('the payload is posted as JSON, with the idempotency key when there is one', async () => {
  const sent: HttpRequest[] = [];
  const issuer = issuerOver(async (request) => {
    sent.push(request);
    return answer(201, guest);
  });
  await issuer.issue(payload, {}, ready);
  await issuer.issue(payload, { idempotencyKey: 'key-0123456789abc', deadlineAt: 7 }, ready);
  expect(sent).toEqual([
    {
      method: 'POST',
      url: 'https://platform.example.test/guests',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify(payload),
    },
    expect.objectContaining({
      headers: expect.objectContaining({ 'idempotency-key': 'key-0123456789abc' }),
      deadlineAt: 7,
    }),
  ]);
});

test('a whole guest in a 201 admits', () => {
  const messaging = { url: 'wss://webmessaging.example.test/v1', deploymentId: 'demo' };
  expect(process(answer(201, { ...guest, expiresAt: '2024-01-18T10:30:00Z', messaging, more: 1 }))).toEqual({
    outcome: 'admitted',
    guestPass: {
      guestId: 'guest-1',
      channelId: 'demo',
      sessionToken: 'secret-session-token',
      expiresAt: '2024-01-18T10:30:00Z',
      connect: messaging,
    },
    tries: [{ status: 201, durationMs: 0 }],
    correlationId: 'corr-1',
  });
});

test('expiry and address may be absent', () => {
  expect(process(answer(201, guest))).toMatchObject({ guestPass: { expiresAt: null, connect: null } });
});

const notGuests: readonly [string, HttpResponse][] = [
  ['HTML', answer(201, '<html>', { 'content-type': 'text/html' })],
  ['broken JSON', answer(201, '{"guestId":')],
  ['an empty body', answer(201, '')],
  ['no guest id', answer(201, { sessionToken: 's' })],
  ['an empty guest id', answer(201, { ...guest, guestId: '' })],
  ['no session token', answer(201, { guestId: 'g' })],
  ['a number for a guest id', answer(201, { ...guest, guestId: 7 })],
  ['NUL in the guest id', answer(201, { ...guest, guestId: 'guest\u0000' })],
  ['a line break in the guest id', answer(201, { ...guest, guestId: 'guest\n{"forged":true}' })],
  ['a lone surrogate in the guest id', answer(201, { ...guest, guestId: 'guest\ud800' })],
  ['a lone surrogate in the session token', answer(201, { ...guest, sessionToken: '\udc00' })],
  ['a control character in the session token', answer(201, { ...guest, sessionToken: 'token\u007f' })],
  ['NUL in an address', answer(201, { ...guest, messaging: { url: 'wss://host/\u0000', deploymentId: 'd' } })],
  ['NUL in a deployment', answer(201, { ...guest, messaging: { url: 'wss://host/v1', deploymentId: '\u0000' } })],
  ['an expiry that is no instant', answer(201, { ...guest, expiresAt: 'tomorrow' })],
  ['an address that is no WebSocket', answer(201, { ...guest, messaging: { url: 'javascript:1', deploymentId: 'd' } })],
  ['an array', answer(201, [guest])],
  ['bytes that are not UTF-8', { status: 201, headers: json, body: new Uint8Array([0xff, 0xfe, 0x80]) }],
];

test.each(notGuests)('a 201 with %s admits nobody, and the guest may exist', (_, response) => {
  expect(process(response)).toMatchObject({ outcome: 'unknown', error: { code: 'platform_response_invalid' } });
});

const statuses = [
  { status: 200, outcome: 'unknown', code: 'platform_response_invalid', retryable: false },
  { status: 204, outcome: 'unknown', code: 'platform_response_invalid', retryable: false },
  { status: 302, outcome: 'failed', code: 'platform_response_invalid', retryable: false },
  { status: 400, outcome: 'failed', code: 'request_rejected', retryable: false },
  { status: 401, outcome: 'failed', code: 'unauthorized', retryable: false },
  { status: 403, outcome: 'failed', code: 'forbidden', retryable: false },
  { status: 404, outcome: 'failed', code: 'endpoint_not_found', retryable: false },
  { status: 408, outcome: 'failed', code: 'platform_unavailable', retryable: true },
  { status: 409, outcome: 'failed', code: 'request_rejected', retryable: false },
  { status: 413, outcome: 'failed', code: 'request_rejected', retryable: false },
  { status: 425, outcome: 'failed', code: 'platform_unavailable', retryable: true },
  { status: 429, outcome: 'failed', code: 'rate_limited', retryable: true },
  { status: 500, outcome: 'failed', code: 'platform_unavailable', retryable: false },
  { status: 501, outcome: 'failed', code: 'platform_unavailable', retryable: false },
  { status: 502, outcome: 'unknown', code: 'outcome_unknown', retryable: false },
  { status: 503, outcome: 'failed', code: 'platform_unavailable', retryable: true },
  { status: 504, outcome: 'unknown', code: 'outcome_unknown', retryable: false },
];

test.each(statuses)('$status means $outcome with code $code', ({ status, outcome, code, retryable }) => {
  const issue = process(answer(status, guest));
  expect(issue).toMatchObject({ outcome, error: { code, retryable, status, correlationId: 'corr-1' } });
});

test("the platform's details are kept as faults, and its free text is not", () => {
  const issue = process(
    answer(400, {
      code: 'constraint.validation',
      message: 'captcha answer-to-hide is wrong',
      details: [
        { errorCode: 'invalid.value', fieldName: 'consent.timestamp' },
        { errorCode: 'x\nforged' },
        { errorCode: 'Answer-to-hide', fieldName: 'answer-to-hide' },
      ],
    }),
  );
  expect(issue).toMatchObject({
    error: {
      detail: 'The platform answered 400 (constraint.validation).',
      faults: [
        { pointer: '/consent/timestamp', detail: 'The platform says: invalid.value.' },
        { pointer: '', detail: 'The platform says: invalid.' },
        { pointer: '', detail: 'The platform says: invalid.' },
      ],
    },
  });
  expect(JSON.stringify(issue)).not.toMatch(/answer-to-hide/i);
});

test('an unknown channel is the platform rejecting the request, not a missing path', () => {
  const issue = process(answer(404, { code: 'not.found', entityName: 'channel', entityId: 'demo' }));
  expect(issue).toMatchObject({ outcome: 'failed', error: { code: 'request_rejected' } });
});

test('a missing path names the other issuer', () => {
  const issue = process(answer(404, 'not here', { 'content-type': 'text/plain' }));
  expect(issue).toMatchObject({ error: { remedy: expect.stringContaining('web-messaging') } });
});

test('the wait of a spent 429 is told, and never more than an hour', () => {
  const wait = (headers: Record<string, string>) => {
    const issue = process(answer(429, {}, headers));
    return issue.outcome === 'admitted' ? undefined : issue.error.retryAfterMs;
  };
  expect(wait({ 'retry-after': '7' })).toBe(7000);
  expect(wait({ 'retry-after': '86400' })).toBe(3_600_000);
  expect(wait({})).toBe(3000);
  expect(wait({ 'retry-after': 'tomorrow' })).toBe(3000);
});

const lost: readonly [string, ExchangeError | GuestpassError, object][] = [
  ['a refused connection', new ExchangeError('ECONNREFUSED', { sent: 'no' }), { code: 'platform_unavailable' }],
  ['a deadline before sending', new ExchangeError('deadline', { sent: 'no' }), { code: 'deadline_exceeded' }],
  ['an abort before sending', new ExchangeError('aborted', { sent: 'no' }), { code: 'aborted' }],
  ['a refused client', new GuestpassError('credentials_rejected', 'No.'), { code: 'credentials_rejected' }],
  ['a 403 whose body broke off', new ExchangeError('x', { sent: 'maybe', status: 403 }), { code: 'forbidden' }],
];

test.each(lost)('%s created nobody', async (_, error, expected) => {
  const issue = await issuerOver(() => Promise.reject(error)).issue(payload, {}, ready);
  expect(issue).toMatchObject({ outcome: 'failed', error: expected });
});

const uncertain: readonly [string, ExchangeError][] = [
  ['a reset after sending', new ExchangeError('ECONNRESET', { sent: 'maybe' })],
  ['a deadline after sending', new ExchangeError('deadline', { sent: 'maybe' })],
  ['an abort after sending', new ExchangeError('aborted', { sent: 'maybe' })],
];

test.each(uncertain)('after %s the outcome is unknown', async (_, error) => {
  const issue = await issuerOver(() => Promise.reject(error)).issue(payload, {}, ready);
  expect(issue).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown', cause: error } });
});

test('a 201 whose body broke off is unknown', async () => {
  const error = new ExchangeError('UND_ERR_SOCKET', { sent: 'maybe', status: 201 });
  const issue = await issuerOver(() => Promise.reject(error)).issue(payload, {}, ready);
  expect(issue).toMatchObject({ outcome: 'unknown', error: { code: 'platform_response_invalid' } });
});

test('a refusal after a try that may have made the guest leaves the outcome unknown', () => {
  for (const status of [400, 401, 403, 404, 429, 500, 503]) {
    const issue = process({ ...answer(status, {}), sent: 'maybe' });
    expect(issue).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown', status, retryable: false } });
  }
  expect(process({ ...answer(201, guest), sent: 'maybe' })).toMatchObject({ outcome: 'admitted' });
});

test('when no fresh token can be had after a 401, its own error ends the attempt and the 401 is told', async () => {
  const cause = new GuestpassError('credentials_rejected', 'No.', { correlationId: 'corr-2' });
  const tries = [{ status: 401, durationMs: 3 }];
  const error = new ExchangeError('credentials_rejected', { sent: 'no', tries, cause });
  const issue = await issuerOver(() => Promise.reject(error)).issue(payload, {}, ready);
  expect(issue).toEqual({ outcome: 'failed', error: cause, tries, correlationId: 'corr-2' });
});

test('a malfunction of our own is thrown', async () => {
  const broken = new TypeError('broken');
  await expect(issuerOver(() => Promise.reject(broken)).issue(payload, {}, ready)).rejects.toBe(broken);
});
