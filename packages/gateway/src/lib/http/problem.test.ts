import { errorTable, GuestpassError } from 'guestpass';
import { expect, test } from 'vitest';
import { createProblems } from './problem.ts';
import { gatewayErrorTable, type ProblemCode } from './problem-table.ts';
import { type Refusal, refusalOf } from './refusal.ts';

const problems = createProblems();
const forOperators = createProblems({ audience: 'operator', docsUrl: 'https://docs.test/errors.md' });

const bodyOf = (refusal: Refusal) => JSON.parse(problems.answer(refusal, 'req_12345678').body);

test('a refusal is told as problem details, with every fault', async () => {
  const error = new GuestpassError('payload_invalid', 'The payload has 1 fault.', {
    faults: [{ pointer: '/channelId', detail: 'is required' }],
  });
  const response = problems.reply(refusalOf(error), 'req_12345678');
  expect(response.status).toBe(422);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('x-request-id')).toBe('req_12345678');
  expect(response.headers.get('retry-after')).toBeNull();
  expect(response.headers.get('connection')).toBeNull();
  expect(await response.json()).toEqual({
    type: '/docs/errors#payload_invalid',
    title: 'The guest payload does not have the required shape.',
    status: 422,
    detail: 'The payload has 1 fault. Correct every field listed in `errors`; nothing was sent.',
    instance: 'urn:guestpass:request:req_12345678',
    code: 'payload_invalid',
    requestId: 'req_12345678',
    retryable: false,
    errors: [{ pointer: '/channelId', detail: 'is required' }],
  });
});

test('an attempt is named as the instance', () => {
  const error = new GuestpassError('outcome_unknown', 'The connection broke.', { attemptId: 'att_1' });
  expect(bodyOf(refusalOf(error))).toMatchObject({ instance: '/v1/attempts/att_1', status: 504, retryable: false });
});

test('the time to wait is told twice, in whole seconds from 1 to 3600', () => {
  const waitOf = (retryAfterMs: number) => {
    const { headers, body } = problems.answer({ code: 'rate_limited', detail: 'x', retryAfterMs }, 'req_12345678');
    expect(JSON.parse(body).retryAfterSeconds).toBe(Number(headers['Retry-After']));
    return headers['Retry-After'];
  };
  expect([0, 1, 1_000, 1_001, 3_600_000, 9e15].map(waitOf)).toEqual(['1', '1', '1', '2', '3600', '3600']);
});

test('what is busy tells how long to wait even when nobody said so', () => {
  const codes: readonly ProblemCode[] = ['idempotency_in_progress', 'shutting_down', 'too_many_requests', 'not_found'];
  const waits = codes.map((code) => problems.answer({ code, detail: 'x' }, 'req_12345678').headers['Retry-After']);
  expect(waits).toEqual(['1', '5', '60', undefined]);
});

test("a visitor learns nothing of the platform's and our own troubles", () => {
  const error = new GuestpassError('credentials_rejected', 'login.internal.test answered 401 to canary-client.');
  expect(bodyOf(refusalOf(error)).detail).toBe(errorTable.credentials_rejected.visitor);
  const { body } = forOperators.answer(refusalOf(error), 'req_12345678');
  expect(JSON.parse(body)).toMatchObject({
    type: 'https://docs.test/errors.md#credentials_rejected',
    detail: `login.internal.test answered 401 to canary-client. ${errorTable.credentials_rejected.remedy}`,
  });
});

test('of an error of another kind nothing is told, not even to operators', () => {
  const unexpected = [new TypeError('canary is not a function'), 'canary', null, { code: 'canary' }];
  const misconfigured = new GuestpassError('config_invalid', 'canary');
  for (const error of [...unexpected, misconfigured]) {
    const answer = forOperators.answer(refusalOf(error), 'req_12345678');
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body).code).toBe('internal_error');
    expect(answer.body).not.toContain('canary');
    expect(answer.body).not.toContain('.ts:');
  }
});

test('what an error says of being retried wins over the table', () => {
  const error = new GuestpassError('storage_unavailable', 'x', { retryable: false });
  expect(bodyOf(refusalOf(error)).retryable).toBe(false);
  expect(bodyOf({ code: 'storage_unavailable', detail: 'x' }).retryable).toBe(true);
});

test('a refusal may bring headers of its own', () => {
  const refusal: Refusal = { code: 'method_not_allowed', detail: 'PUT is not known here.', headers: { Allow: 'POST' } };
  expect(problems.reply(refusal, 'req_12345678').headers.get('allow')).toBe('POST');
});

test('after what cannot be trusted or must go elsewhere the connection ends', () => {
  const closing = (Object.keys({ ...errorTable, ...gatewayErrorTable }) as ProblemCode[]).filter(
    (code) => problems.answer({ code, detail: 'x' }, 'req_12345678').headers.Connection === 'close',
  );
  expect(closing.sort()).toEqual([
    'body_too_large',
    'headers_too_large',
    'http_malformed',
    'overloaded',
    'request_timeout',
    'shutting_down',
  ]);
});

test('every code gives an answer with the status of its table and the security headers', () => {
  const codes = Object.keys({ ...errorTable, ...gatewayErrorTable }) as ProblemCode[];
  const table = { ...errorTable, ...gatewayErrorTable };
  for (const code of codes) {
    const { status, headers } = problems.answer({ code, detail: 'x' }, 'req_12345678');
    expect(status).toBe(table[code].httpStatus ?? 500);
    expect(headers).toMatchObject({
      'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
      'Cross-Origin-Resource-Policy': 'same-origin',
    });
    expect(Object.keys(headers)).not.toContain('Server');
  }
});
