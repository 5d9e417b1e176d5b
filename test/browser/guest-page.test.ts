import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../gateway/support/stage.ts';
import { useBrowser } from './support/use-browser.ts';

// A visitor on the guest page: a real browser, a real gateway on a real database, the simulated platform.

const browser = useBrowser();
let stage: Stage;

beforeAll(async () => {
  stage = await openStage({ gateway: { websites: [{ origin: 'https://shop.example' }] } });
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  stage.simulator.faults.clear();
});

async function visit(path = '/guest?channel=demo') {
  const page = await browser.page();
  await page.goto(`${stage.gateway.url}${path}`);
  return page;
}

test('a visitor agrees, is let in, and talks', async () => {
  const page = await visit();
  await page.getByRole('checkbox', { name: 'I have read this and agree.' }).check();
  await page.getByRole('button', { name: 'Start the chat' }).click();
  await page.getByText('Connected', { exact: true }).waitFor();
  await page.getByRole('textbox', { name: 'Your message' }).fill('Is anybody there?');
  await page.keyboard.press('Enter');
  const log = page.getByRole('log');
  await log.getByText('Echo: Is anybody there?').waitFor();
  expect(await log.getByRole('article').count()).toBe(2);
});
