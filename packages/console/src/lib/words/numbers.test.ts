import { expect, test } from 'vitest';
import { byteWords, countWords, shareWords, spanWords } from './numbers.ts';

test('spans are told in the unit that fits', () => {
  expect(
    [0, 0.4, 3.66, 96.2, 999.9, 1_700, 61_000, 7_199_000, 7_200_000, 86_400_000, 200_000_000].map(spanWords),
  ).toEqual(['0 ms', '<1 ms', '3.7 ms', '96 ms', '1,000 ms', '1.7 s', '1 min', '120 min', '2 h', '24 h', '2 days']);
});

test('a share is all only when it is all', () => {
  expect([shareWords(9_999, 10_000), shareWords(3, 3), shareWords(0, 0)]).toEqual(['99.9 %', '100 %', '–']);
});

test('sizes and counts are told for people', () => {
  expect([byteWords(5), byteWords(3_400), byteWords(2_500_000), countWords(48_213)]).toEqual([
    '5 B',
    '3.4 KB',
    '2.5 MB',
    '48,213',
  ]);
});
