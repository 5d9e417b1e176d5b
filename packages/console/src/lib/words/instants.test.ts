import { expect, test } from 'vitest';
import { dayWords, timeWords } from './instants.ts';

test('an instant in UTC is marked as such', () => {
  expect(timeWords('2026-01-02T23:04:05.678Z', 'utc')).toBe('23:04:05Z');
  expect(dayWords('2026-01-02T23:04:05.678Z', 'utc')).toBe('2026-01-02 23:04:05Z');
  expect(dayWords(Date.UTC(2026, 0, 2), 'utc')).toBe('2026-01-02 00:00:00Z');
});

test('a local time is that of the reader, without a mark', () => {
  const local = new Date(2026, 0, 2, 3, 4, 5).getTime();
  expect(dayWords(local, 'local')).toBe('2026-01-02 03:04:05');
});
