import { expect, test } from 'vitest';
import { addressOf, parsePlace } from './place.ts';

test('an address is read back as the place it was written from', () => {
  const place = { view: 'attempts', params: { outcome: 'failed', text: 'a b&c' } } as const;
  const address = addressOf(place);
  expect(address).toBe('/console/attempts?outcome=failed&text=a+b%26c');
  expect(parsePlace(new URL(address, 'http://gateway.test'))).toEqual(place);
});

test('the overview is the console itself, and what is not known leads there', () => {
  expect(addressOf({ view: 'overview', params: { window: '' } })).toBe('/console');
  for (const path of ['/console', '/console/', '/console/nowhere']) {
    expect(parsePlace(new URL(path, 'http://gateway.test')).view).toBe('overview');
  }
});
