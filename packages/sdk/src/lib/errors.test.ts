import { expect, test } from 'vitest';
import { errorTable } from './error-table.ts';
import { GuestpassError, isGuestpassError, listFaults } from './errors.ts';

test('a message says what happened and what to do next', () => {
  const error = new GuestpassError('consent_required', 'The guest did not accept.');
  expect(error.message).toBe(`The guest did not accept. ${errorTable.consent_required.remedy}`);
  expect(error.visitorMessage).toBe(errorTable.consent_required.visitor);
  expect(error).toMatchObject({ name: 'GuestpassError', retryable: false, faults: [] });
  expect('cause' in error).toBe(false);
});

test('what may be logged leaves the cause and the stack behind', () => {
  const error = new GuestpassError('rate_limited', 'Too many.', {
    cause: new Error('with a secret'),
    retryAfterMs: 7000,
    status: 429,
    correlationId: 'corr-1',
    attemptId: 'att_1',
    tries: [{ status: 429, durationMs: 12, waitedMs: 1000 }],
    faults: [{ pointer: '/a', detail: 'is wrong' }],
  });
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    code: 'rate_limited',
    message: error.message,
    retryable: true,
    errors: [{ pointer: '/a', detail: 'is wrong' }],
    retryAfterMs: 7000,
    status: 429,
    correlationId: 'corr-1',
    tries: [{ status: 429, durationMs: 12, waitedMs: 1000 }],
    attemptId: 'att_1',
  });
});

test('the tries are those its cause tells of, however often it is passed on', () => {
  const tries = [
    { failure: 'ECONNREFUSED', durationMs: 1, waitedMs: 300 },
    { failure: 'ECONNREFUSED', durationMs: 1 },
  ];
  const cause = Object.assign(new Error('No answer.'), { tries });
  const error = new GuestpassError('platform_unavailable', 'No answer came.', { cause });
  expect(new GuestpassError(error.code, error.detail, { cause: error }).tries).toEqual(tries);
  expect(new GuestpassError('aborted', 'Gone.', { cause: 'a reason' }).tries).toEqual([]);
});

test('an error of another copy of the package is recognized, a stranger with the same name is not', () => {
  const fromAnotherCopy = Object.assign(new Error('x'), { name: 'GuestpassError', code: 'forbidden' });
  const stranger = Object.assign(new Error('x'), { name: 'GuestpassError', code: 'E_STRANGE' });
  expect(isGuestpassError(new GuestpassError('aborted', 'Gone.'))).toBe(true);
  expect(isGuestpassError(fromAnotherCopy)).toBe(true);
  expect(isGuestpassError(stranger)).toBe(false);
  expect(isGuestpassError('forbidden')).toBe(false);
});

test('faults are told in one line', () => {
  const faults = [
    { pointer: '/retry/retries', detail: 'must be 0 or more' },
    { pointer: '', detail: 'must be an object' },
  ];
  expect(listFaults(faults)).toBe('/retry/retries must be 0 or more; must be an object');
});
