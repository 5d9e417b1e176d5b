import { expect, test } from 'vitest';
import type { ConsentNotice } from '../settings/consent-notices.ts';
import { notice } from '../testing/consent.ts';
import { createNoticeChoice } from './notice-choice.ts';

const sha256 = '0'.repeat(64);
const of = (id: string, change: Partial<ConsentNotice> = {}): ConsentNotice => ({ ...notice, sha256, ...change, id });

const asked = (channelId: string, noticeVersion?: string, language?: string) => ({
  channelId,
  consent: {
    accepted: true,
    timestamp: '2024-01-15T10:30:00Z',
    ...(noticeVersion !== undefined && { noticeVersion }),
    ...(language !== undefined && { language }),
  },
});

test('version and language choose a notice of the channel', () => {
  const { choose } = createNoticeChoice([
    of('all-en'),
    of('all-de', { language: 'de' }),
    of('shop-en', { version: '2024-02', channels: ['shop'] }),
  ]);
  expect(choose(asked('help', '2024-01', 'de'))?.id).toBe('all-de');
  expect(choose(asked('shop', '2024-01', 'en'))?.id).toBe('all-en');
  expect(choose(asked('shop', '2024-02', 'en'))?.id).toBe('shop-en');
  expect(choose(asked('help', '2024-02', 'en'))).toBeUndefined();
  expect(choose(asked('help', '2023-12', 'en'))).toBeUndefined();
  expect(choose(asked('help', undefined, 'en'))).toBeUndefined();
});

test('a language may be narrower than that of the notice, never another', () => {
  const { choose } = createNoticeChoice([
    of('en'),
    of('en-gb', { language: 'en-GB' }),
    of('zh', { language: 'zh-Hant' }),
  ]);
  const chosen = (language: string) => choose(asked('c', '2024-01', language))?.id;
  expect([chosen('en-US'), chosen('EN-gb'), chosen('en-x-plain'), chosen('zh-Hant-TW')]).toEqual([
    'en',
    'en-gb',
    'en',
    'zh',
  ]);
  expect([chosen('zh'), chosen('fr'), chosen('e'), chosen('*'), chosen('-')]).toEqual(Array(5).fill(undefined));
});

test('without a language the version alone chooses, where it has one language only', () => {
  const { choose } = createNoticeChoice([
    of('one'),
    of('two-en', { version: '2' }),
    of('two-de', { version: '2', language: 'de' }),
  ]);
  expect(choose(asked('c', '2024-01'))?.id).toBe('one');
  expect(choose(asked('c', '2'))).toBeUndefined();
});

test('a channel that no notice is for is not covered', () => {
  const { covers } = createNoticeChoice([of('shop', { channels: ['shop'] })]);
  expect([covers('shop'), covers('help')]).toEqual([true, false]);
  expect(createNoticeChoice([]).covers('shop')).toBe(false);
  expect(createNoticeChoice([of('all')]).covers('help')).toBe(true);
});
