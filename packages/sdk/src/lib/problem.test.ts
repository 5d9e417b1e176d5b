import { expect, test } from 'vitest';
import { errorTable } from './error-table.ts';
import { GuestpassError } from './errors.ts';
import { problemOf, problemResponse } from './problem.ts';

test('what the caller did is told with every fault', async () => {
  const faults = [{ pointer: '/channelId', detail: 'must not be empty' }];
  const error = new GuestpassError('payload_invalid', 'The payload is not valid.', { faults, attemptId: 'att_1' });
  const response = problemResponse(error);
  expect(response.status).toBe(422);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('retry-after')).toBeNull();
  expect(await response.json()).toEqual({
    type: 'urn:guestpass:error:payload_invalid',
    title: errorTable.payload_invalid.meaning,
    status: 422,
    detail: error.message,
    instance: 'urn:guestpass:attempt:att_1',
    code: 'payload_invalid',
    retryable: false,
    errors: faults,
  });
});

test("a visitor learns nothing of the platform's troubles, an operator what happened", () => {
  const error = new GuestpassError('credentials_rejected', 'login.internal.test answered 401 to canary-client.');
  expect(JSON.stringify(problemOf(error))).not.toContain('canary');
  expect(problemOf(error).detail).toBe(error.visitorMessage);
  expect(problemOf(error, { audience: 'operator', docsUrl: 'https://docs.test/errors' })).toMatchObject({
    type: 'https://docs.test/errors#credentials_rejected',
    detail: error.message,
  });
});

test('the time to wait is told twice, in whole seconds from 1 to 3,600', () => {
  const waitOf = (retryAfterMs: number) => {
    const error = new GuestpassError('rate_limited', 'Too many.', { retryAfterMs });
    expect(problemResponse(error).headers.get('retry-after')).toBe(String(problemOf(error).retryAfterSeconds));
    return problemOf(error).retryAfterSeconds;
  };
  expect([0, 1, 1_001, 9e15].map(waitOf)).toEqual([1, 1, 2, 3600]);
});

test('a code that is not meant for HTTP is a fault of the service', () => {
  const error = new GuestpassError('config_invalid', 'canary');
  expect(problemOf(error)).toMatchObject({ status: 500, detail: errorTable.config_invalid.visitor });
});
