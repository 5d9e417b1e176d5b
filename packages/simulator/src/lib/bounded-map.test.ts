import { expect, test } from 'vitest';
import { createBoundedMap } from './bounded-map.ts';

test('forgets the oldest entry once it is full', () => {
  const map = createBoundedMap<number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('c', 3);
  expect([map.get('a'), map.get('b'), map.get('c')]).toEqual([undefined, 2, 3]);
  expect(map.values()).toEqual([2, 3]);
  expect(map.size).toBe(2);
});

test('a known key is replaced, and nothing is forgotten for it', () => {
  const map = createBoundedMap<number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  expect([map.get('a'), map.get('b')]).toEqual([3, 2]);
});
