import { expect, test } from 'vitest';
import { addTries, summarizeTries, tryOf } from './tries.ts';
import type { DeliveryNews } from './views.ts';

const news: DeliveryNews = {
  id: 'dlv_1',
  eventId: 'evt_1',
  eventType: 'guest.authenticated',
  attemptId: 'att_1',
  endpointId: 'ep_1',
  state: 'pending',
  tries: 1,
  createdAt: '2024-01-15T10:30:00.000Z',
  lastTry: {
    number: 1,
    startedAt: '2024-01-15T10:30:00.000Z',
    durationMs: 40,
    outcome: 'http_500',
    responseStatus: 500,
    responseExcerpt: null,
  },
};

test('tries are told as the stage of webhooks: how long they took, and how many came to nothing', () => {
  const failed = tryOf(news);
  const delivered = tryOf({ ...news, lastTry: { ...news.lastTry, outcome: 'delivered', durationMs: 10 } });
  expect(failed.atMs).toBe(Date.parse('2024-01-15T10:30:00.040Z'));
  expect(summarizeTries(addTries([failed], [delivered]))).toEqual({
    stage: 'webhook',
    count: 2,
    failed: 1,
    refused: 0,
    p50: 10,
    p95: 40,
  });
});
