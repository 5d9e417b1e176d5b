import { expect, test } from 'vitest';
import type { Delivery, DeliveryNews } from '../data/views.ts';
import { withNews } from './news.ts';
import { filterOf } from './replay-filter.ts';

const row: Delivery = {
  id: 'dlv_1',
  eventId: 'evt_1',
  eventType: 'guest.authenticated',
  attemptId: 'att_1',
  endpointId: 'ep_1',
  state: 'pending',
  tries: 1,
  nextAt: '2024-01-15T10:31:00.000Z',
  createdAt: '2024-01-15T10:30:00.000Z',
  settledAt: null,
};

const { nextAt: _, settledAt: __, ...told } = row;

const lastTry = {
  number: 2,
  startedAt: '2024-01-15T10:31:00.000Z',
  durationMs: 500,
  outcome: 'delivered',
  responseStatus: 204,
  responseExcerpt: null,
};

test('news bring a row up to date where it is', () => {
  const news: DeliveryNews = { ...told, state: 'delivered', tries: 2, lastTry };
  expect(withNews([row], [news])).toEqual([
    { ...row, state: 'delivered', tries: 2, nextAt: null, settledAt: '2024-01-15T10:31:00.500Z' },
  ]);
});

test('deliveries that were not there come on top, newest first', () => {
  const news = ['dlv_2', 'dlv_3'].map((id) => ({ ...told, id, lastTry }));
  expect(withNews([row], news).map(({ id }) => id)).toEqual(['dlv_3', 'dlv_2', 'dlv_1']);
});

test('only what was chosen is a condition of a replay', () => {
  const nothing = { state: '', endpointId: '', from: '', to: '' };
  expect(filterOf(nothing)).toEqual({});
  expect(filterOf({ ...nothing, state: 'dead', from: '2024-01-15T10:30' })).toEqual({
    state: 'dead',
    from: new Date('2024-01-15T10:30').toISOString(),
  });
});
