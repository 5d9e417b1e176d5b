import { type ErrorCode, errorTable, GuestpassError, problemOf, problemResponse } from 'guestpass';
import { expect, test } from 'vitest';
import { createProblems } from './problem.ts';
import { refusalOf } from './refusal.ts';

// A service of one's own and the gateway tell the same error in the same words.

const docsUrl = 'https://docs.test/errors';
// The gateway turns an unusable configuration into a fault of its own.
const codes = (Object.keys(errorTable) as ErrorCode[]).filter((code) => code !== 'config_invalid');

/** How both tell each code, without what only the one or the other names. */
function told(audience: 'visitor' | 'operator', retryAfterMs?: number) {
  const gateway = createProblems({ audience, docsUrl });
  return codes.map((code) => {
    const faults = [{ pointer: '/a', detail: 'is wrong' }];
    const error = new GuestpassError(code, 'It went so.', { faults, ...(retryAfterMs && { retryAfterMs }) });
    const { headers, body } = gateway.answer(refusalOf(error), 'req_12345678');
    const { instance, requestId, ...problem } = JSON.parse(body);
    const wait = problemResponse(error, { audience, docsUrl }).headers.get('retry-after');
    return {
      gateway: { ...problem, wait: headers['Retry-After'] ?? null },
      own: { ...problemOf(error, { audience, docsUrl }), wait },
    };
  });
}

test('visitors and operators read the same from both', () => {
  for (const { gateway, own } of [...told('visitor'), ...told('operator'), ...told('visitor', 7_500)]) {
    expect(own).toEqual(gateway);
  }
});
