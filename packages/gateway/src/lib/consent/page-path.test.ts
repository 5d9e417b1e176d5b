import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { pagePath } from './page-path.ts';

const origin = 'https://shop.example';

test('a page is its path, without query and fragment, and not more than 256 characters of it', () => {
  expect(pagePath(`${origin}/help/chat?customer=17#top`, origin)).toBe('/help/chat');
  expect(pagePath(`${origin}/help/chat`, null)).toBe('/help/chat');
  expect(pagePath(`${origin}/${'a'.repeat(300)}`, origin)).toHaveLength(256);
});

test('an origin alone tells no page, and a page of elsewhere is not believed', () => {
  expect(pagePath(`${origin}/`, origin)).toBeNull();
  expect(pagePath('https://other.example/help', origin)).toBeNull();
  expect(pagePath('android-app://com.example/help', null)).toBeNull();
  expect(pagePath('help', origin)).toBeNull();
  expect(pagePath(null, origin)).toBeNull();
});

test('whatever a header holds, no query comes through', () => {
  void fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl({ withQueryParameters: true, withFragments: true })), (referer) => {
      expect(pagePath(referer, null) ?? '/').toMatch(/^\/[^?#]*$/);
    }),
  );
});
