import { expect, test } from 'vitest';
import { receiptIdOf } from './receipt-id.ts';

const receipt = (payload: string) => `header.${Buffer.from(payload).toString('base64url')}.signature`;

test('the id is read whatever the letters beside it are', () => {
  expect(receiptIdOf(receipt('{"receiptId":"crt_1","controller":{"name":"Bäckerei ÿ>?"}}'))).toBe('crt_1');
});

test('what is no receipt has no id', () => {
  expect(['', 'a', 'a.b.c', receipt('null'), receipt('{"receiptId":1}')].map(receiptIdOf)).toEqual(
    Array(5).fill(undefined),
  );
});
