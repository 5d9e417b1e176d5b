import { expect, test } from 'vitest';
import { correlationIdOf } from './correlation-id.ts';

const told = (id: string) => correlationIdOf({ 'inin-correlation-id': id });

test('an id is told as it came', () => {
  expect(told('86c6f2a4-0c5e-4f8b-9d50-3fb2c0f7a1de')).toBe('86c6f2a4-0c5e-4f8b-9d50-3fb2c0f7a1de');
});

test('an id cannot write to a terminal, nor fill a log', () => {
  expect(told('a\u009b31m b\tc\u001bé')).toBe('a31mbc');
  expect(told('x'.repeat(500))).toBe('x'.repeat(128));
});

test('an answer without an id, or with an empty one, has none', () => {
  expect([correlationIdOf({}), told(''), told(' \t')]).toEqual([undefined, undefined, undefined]);
});
