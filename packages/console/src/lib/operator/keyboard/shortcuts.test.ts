import { expect, test } from 'vitest';
import { views } from '../place.ts';
import { createKeyReader, shortcuts } from './shortcuts.ts';

test('each view has keys of its own, and no shortcut hides another', () => {
  const gone = shortcuts.flatMap(({ wish }) => (wish.does === 'go' ? [wish.view] : []));
  expect(gone.toSorted()).toEqual([...views].toSorted());
  const texts = shortcuts.map(({ keys }) => keys.join(' '));
  expect(new Set(texts).size).toBe(texts.length);
});

test('two keys within a second are one shortcut, later they are two keys', () => {
  const reader = createKeyReader();
  expect(reader.press('g', 0)).toBeUndefined();
  expect(reader.press('a', 1_000)).toEqual({ does: 'go', view: 'attempts' });
  expect(reader.press('g', 2_000)).toBeUndefined();
  expect(reader.press('a', 3_001)).toBeUndefined();
});

test('a key that goes with none before it is read by itself', () => {
  const reader = createKeyReader();
  reader.press('g', 0);
  expect(reader.press('j', 10)).toEqual({ does: 'next-row' });
  expect(reader.press('a', 20)).toBeUndefined();
  reader.press('g', 30);
  reader.press('g', 40);
  expect(reader.press('d', 50)).toEqual({ does: 'go', view: 'deliveries' });
});
