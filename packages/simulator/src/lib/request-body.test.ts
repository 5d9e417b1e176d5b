import { expect, test } from 'vitest';
import { readRequestBody, requestBytesMax } from './request-body.ts';

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  new Request('http://simulator.test/', { method: 'POST', body, headers });

test('reads a body to its end, with or without a declared length', async () => {
  const bytes = Buffer.from('héllo');
  expect(await readRequestBody(post(bytes))).toEqual(bytes);
  expect(Buffer.from((await readRequestBody(post(bytes, { 'Content-Length': '6' }))) ?? '')).toEqual(bytes);
});

test('a request without a body has an empty one', async () => {
  expect(await readRequestBody(new Request('http://simulator.test/'))).toHaveLength(0);
  expect(await readRequestBody(new Request('http://simulator.test/', { method: 'POST' }))).toHaveLength(0);
});

test('a body up to the limit is read, one byte more is not', async () => {
  expect(await readRequestBody(post(Buffer.alloc(requestBytesMax)))).toHaveLength(requestBytesMax);
  expect(await readRequestBody(post(Buffer.alloc(requestBytesMax + 1)))).toBeUndefined();
  expect(await readRequestBody(post('x', { 'Content-Length': String(requestBytesMax + 1) }))).toBeUndefined();
});
