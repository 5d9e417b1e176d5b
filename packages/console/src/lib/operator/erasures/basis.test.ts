import { expect, test } from 'vitest';
import { basisOf } from './basis.ts';

test('the basis is told in the words of the record, and a damaged record tells of none', () => {
  expect(basisOf('{"eventType":"WEBMESSAGING_CONSENT_WITHDRAWN","basis":"a letter"}')).toBe('a letter');
  expect(basisOf('{"basis":7}')).toBe('');
  expect(basisOf('{"basis":"a le')).toBe('');
  expect(basisOf('null')).toBe('');
});
