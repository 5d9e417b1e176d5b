import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { didYouMean } from './did-you-mean.ts';

const words = ['usw2', 'us-west-2', 'mypurecloud.ie', 'GUESTPASS_RETRIES'];

test('a slip of one letter finds the word meant', () => {
  expect(didYouMean('usw3', words)).toBe('usw2');
  expect(didYouMean('uws2', words)).toBe('usw2');
  expect(didYouMean('us-wst-2', words)).toBe('us-west-2');
  expect(didYouMean('mypurecluod.ie', words)).toBe('mypurecloud.ie');
  expect(didYouMean('guestpass_retry', words)).toBe('GUESTPASS_RETRIES');
});

test('a word like none of them finds nothing', () => {
  expect(didYouMean('mars', words)).toBeUndefined();
  expect(didYouMean('', words)).toBeUndefined();
  expect(didYouMean('usw2', [])).toBeUndefined();
});

test('a candidate is always nearest to itself', () => {
  void fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }), (candidates) => {
      const [first] = candidates;
      expect(didYouMean(first ?? '', candidates)).toBe(first);
    }),
  );
});
