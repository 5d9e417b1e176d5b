import { expect, test } from 'vitest';
import type { Place } from '../place.ts';
import { createSavedViews, isFiltered, isSamePlace, sharedAddress } from './saved-views.ts';

function memory() {
  const texts = new Map<string, string>();
  return {
    texts,
    getItem: (name: string) => texts.get(name) ?? null,
    setItem: (name: string, text: string) => void texts.set(name, text),
  };
}

const late: Place = { view: 'attempts', params: { outcome: 'failed', attempt: 'att_1', text: '' } };

test('a view is kept with its filters and without what was open on it, until it is removed', () => {
  const storage = memory();
  const views = createSavedViews(storage);
  views.save({ name: 'Failures', place: late });
  views.save({ name: 'Dead', place: { view: 'deliveries', params: { state: 'dead' } } });
  views.save({ name: 'Failures', place: { view: 'attempts', params: { outcome: 'unknown' } } });
  const again = createSavedViews(storage);
  expect(again.list.value).toEqual([
    { name: 'Dead', place: { view: 'deliveries', params: { state: 'dead' } } },
    { name: 'Failures', place: { view: 'attempts', params: { outcome: 'unknown' } } },
  ]);
  again.remove('Dead');
  expect(createSavedViews(storage).list.value.map(({ name }) => name)).toEqual(['Failures']);
});

test('what is no list of views counts as nothing', () => {
  const storage = memory();
  for (const text of ['', '{', 'null', '{}', '[1]', '[{"name":"a"}]', '[{"name":1,"address":"/console"}]']) {
    storage.texts.set('guestpass.views', text);
    expect(createSavedViews(storage).list.value).toEqual([]);
  }
});

test('a shared link tells the name, which is no filter', () => {
  const place: Place = { view: 'attempts', params: { outcome: 'failed' } };
  expect(sharedAddress({ name: 'My & view', place })).toBe('/console/attempts?outcome=failed&named=My+%26+view');
  expect(isSamePlace(place, { ...place, params: { ...place.params, named: 'x', attempt: 'att_1' } })).toBe(true);
  expect(isSamePlace(place, { view: 'deliveries', params: {} })).toBe(false);
  expect([isFiltered(late), isFiltered({ view: 'attempts', params: { attempt: 'att_1', named: 'x' } })]).toEqual([
    true,
    false,
  ]);
});
