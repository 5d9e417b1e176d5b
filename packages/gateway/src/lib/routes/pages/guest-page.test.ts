import { resolveEnvironment } from 'guestpass';
import { expect, test } from 'vitest';
import type { ConsentNotice } from '../../settings/consent-notices.ts';
import { notice } from '../../testing/consent.ts';
import { createGuestPage, type GuestPageOptions } from './guest-page.ts';

const platform = resolveEnvironment('http://127.0.0.1:4010');
const configured: ConsentNotice = { ...notice, sha256: '0'.repeat(64) };
const { text: _, ...hashed } = configured;

async function noticeOf(options: Partial<GuestPageOptions>, query = ''): Promise<unknown> {
  const answer = new Map(createGuestPage({ platform, ...options })).get('/guest/config.json');
  const response = await answer?.(new Request(`http://gateway.test/guest/config.json${query}`));
  return Object(await response?.json()).notice;
}

test('visitors are shown a text that is configured, named as on record, with its language', async () => {
  const told = { text: notice.text, version: '2024-01', language: 'en' };
  expect(await noticeOf({ notices: [hashed, configured], notice: 'Ours.' })).toEqual(told);
  const ofShop = { ...configured, channels: ['shop'] };
  expect(await noticeOf({ notices: [ofShop], channelId: 'shop' })).toEqual(told);
  expect(await noticeOf({ notices: [ofShop], channelId: 'help', notice: 'Ours.' })).toMatchObject({ text: 'Ours.' });
});

test('visitors whose address names a channel are shown the text of that channel', async () => {
  const ofShop = { ...configured, channels: ['shop'] };
  expect(await noticeOf({ notices: [ofShop] }, '?channel=shop')).toMatchObject({ version: '2024-01' });
  expect(await noticeOf({ notices: [ofShop], channelId: 'shop' }, '?channel=help')).not.toMatchObject({
    language: 'en',
  });
});

test('without one the text is named by its hash', async () => {
  const version = expect.stringMatching(/^sha256-[0-9a-f]{16}$/);
  expect(await noticeOf({ notice: 'Ours.' })).toEqual({ text: 'Ours.', version });
  expect(await noticeOf({ notices: [hashed] })).toEqual({ text: expect.stringContaining('agreed'), version });
});
