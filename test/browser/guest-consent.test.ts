import { generateKeyPairSync, hash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStage, type Stage } from '../gateway/support/stage.ts';
import { useBrowser } from './support/use-browser.ts';

// A visitor who gets a receipt of the consent on the guest page, and takes it back there.

const browser = useBrowser();
let stage: Stage;

const text = 'We process what you write in this chat to answer you.';
const notice = {
  id: 'chat-privacy',
  version: '2024-01',
  language: 'en',
  text,
  sha256: hash('sha256', text),
  purposes: ['answering the guest'],
  dataCategories: ['chat messages'],
  controller: { name: 'Bäckerei Ltd', contact: 'privacy@shop.example' },
  storageDuration: '90 days',
  withdrawal: 'https://shop.example/withdraw',
};

beforeAll(async () => {
  const key = generateKeyPairSync('ed25519').privateKey;
  stage = await openStage({
    gateway: {
      consent: { notices: [notice], key },
      websites: [{ origin: 'https://shop.example' }],
    },
  });
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

test('the receipt is named, also after a reload, and the consent can be taken back with it', async () => {
  const page = await browser.page();
  await page.goto(`${stage.gateway.url}/guest?channel=demo`);
  await page.getByRole('checkbox', { name: 'I have read this and agree.' }).check();
  const given = page.waitForResponse('**/v1/guests');
  await page.getByRole('button', { name: 'Start the chat' }).click();
  const { attemptId } = await (await given).json();
  await page.getByText('Connected', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('Connected', { exact: true }).waitFor();
  await page.getByText('Your consent', { exact: true }).click();
  expect(await page.locator('details code').textContent()).toMatch(/^crt_[0-9a-f-]{36}$/);
  await page.getByRole('button', { name: 'Take my consent back' }).click();
  const told = page.getByRole('status').filter({ hasText: 'Your consent was taken back, and the chat has ended.' });
  await told.waitFor();
  expect(await told.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  const records = await stage.gateway.audit.page({ limit: 1, attemptId });
  expect(records[0]).toMatchObject({ event_type: 'WEBMESSAGING_CONSENT_WITHDRAWN' });
  await page.reload();
  await page.getByRole('checkbox').waitFor();
});
