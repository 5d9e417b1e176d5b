import { expect, test } from 'vitest';
import { createPreferences } from './preferences.ts';

function memory(entries: readonly (readonly [string, string])[] = []) {
  const texts = new Map(entries);
  return {
    texts,
    getItem: (name: string) => texts.get(name) ?? null,
    setItem: (name: string, text: string) => void texts.set(name, text),
  };
}

test('what is chosen is there at the next visit', () => {
  const storage = memory();
  const first = createPreferences(storage);
  expect([first.zone.value, first.theme.value]).toEqual(['local', 'system']);
  first.zone.value = 'utc';
  first.theme.value = 'dark';
  const next = createPreferences(storage);
  expect([next.zone.value, next.theme.value]).toEqual(['utc', 'dark']);
});

test('what nobody understands counts as nothing', () => {
  const preferences = createPreferences(memory([['guestpass.theme', 'plaid']]));
  expect(preferences.theme.value).toBe('system');
});
