import { errorTable } from 'guestpass';
import { expect, test } from 'vitest';
import { visitorWords } from './visitor-words.ts';

test('a visitor is told what the table has for visitors, whatever the gateway told the caller', () => {
  const elsewhere = new Set(['captcha_required', 'captcha_score_too_low', 'captcha_rejected', 'captcha_reused']);
  const different = Object.entries(errorTable)
    .filter(([code, { httpStatus }]) => !elsewhere.has(code) && httpStatus !== null && httpStatus < 499)
    .filter(([code, { httpStatus, visitor }]) => {
      const told = visitorWords({ code, status: httpStatus ?? 0, detail: 'consent.accepted is not true' });
      return told !== visitor;
    });
  expect(different.map(([code]) => code)).toEqual([]);
});

test('what is the fault of gateway or platform is told in its own words, which are made for visitors', () => {
  const { visitor } = errorTable.rate_limited;
  expect(visitorWords({ code: 'rate_limited', status: 503, detail: visitor })).toBe(visitor);
});

test('a code that nobody knows yet leaks nothing', () => {
  expect(visitorWords({ code: 'new_code', status: 422, detail: 'internals' })).not.toContain('internals');
});
