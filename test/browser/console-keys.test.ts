import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// What makes the work of an operator short: keys, saved views, and texts to take elsewhere.

const browser = useBrowser();
let stage: ConsoleStage;
let ids: readonly string[];

beforeAll(async () => {
  stage = await openConsoleStage();
  const consent = { accepted: false, timestamp: new Date().toISOString() };
  ids = [await stage.letIn(), await stage.letIn({ consent })];
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

async function open(page?: Page): Promise<Page> {
  const opened = page ?? (await browser.page());
  await opened.goto(stage.signInUrl);
  await opened.getByText('Live', { exact: true }).waitFor();
  return opened;
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name, level: 1 });

async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key);
}

test('keys lead through views and rows, and Enter opens the row', async () => {
  const page = await open();
  const focused = page.locator(':focus');
  await press(page, 'g', 'a');
  await heading(page, 'Attempts').waitFor();
  expect(await focused.getAttribute('id')).toBe('main');
  await page.getByRole('button', { name: `Open ${ids[0]}` }).waitFor();
  await press(page, 'j', 'j', 'k', 'j', 'j');
  expect(await focused.getAttribute('aria-label')).toBe(`Open ${ids[0]}`);
  await press(page, 'k', 'Enter');
  await page.getByRole('dialog', { name: `Attempt ${ids[1]}` }).waitFor();
  await press(page, 'g', 'd', '?', 'Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  expect(await focused.getAttribute('aria-label')).toBe(`Open ${ids[1]}`);
  await heading(page, 'Attempts').waitFor();
  await press(page, 'g', 'l');
  await heading(page, 'Audit log').waitFor();
});

test('what is typed is a text, and Escape leaves the field when there is nothing to clear', async () => {
  const page = await open();
  await press(page, 'g', 'a', '/');
  const field = page.getByRole('searchbox', { name: 'Text' });
  await page.keyboard.type('g/d?jk');
  expect(await field.inputValue()).toBe('g/d?jk');
  expect(await page.getByRole('dialog').count()).toBe(0);
  await press(page, 'Escape');
  expect(await field.inputValue()).toBe('');
  await press(page, 'Escape', 'g', 'd');
  await heading(page, 'Deliveries').waitFor();
});

test('the keys are listed, and can be switched off for good', async () => {
  const page = await open();
  await press(page, '?');
  const dialog = page.getByRole('dialog', { name: 'Keys' });
  await dialog.getByText('Next row of the table').waitFor();
  await dialog.getByRole('checkbox', { name: 'Use these keys' }).uncheck();
  await press(page, 'Escape');
  await dialog.waitFor({ state: 'detached' });
  await press(page, 'g', 'a', '?');
  await page.reload();
  await page.getByText('Live', { exact: true }).waitFor();
  await press(page, 'g', 'a', '?');
  await heading(page, 'Overview').waitFor();
  expect(await dialog.count()).toBe(0);
  await page.getByRole('button', { name: 'Keys' }).click();
  await dialog.getByRole('checkbox', { name: 'Use these keys' }).check();
  await press(page, 'Escape', 'g', 'e');
  await heading(page, 'Erasures and holds').waitFor();
});

test('a view with filters is saved, found again, shared by its link, and removed', async () => {
  const page = await open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await press(page, 'g', 'a');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('refused');
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByLabel('Name').fill('Turned away');
  await press(page, 'Enter');
  await page.getByRole('button', { name: 'Copy link' }).click();
  await page.getByText('Copied').waitFor();
  const link: string = await page.evaluate('navigator.clipboard.readText()');
  await page.goto(`${stage.service.operatorUrl}/console/attempts`);
  await page.getByRole('navigation', { name: 'Saved views' }).getByRole('link', { name: 'Turned away' }).click();
  await page.waitForURL(/attempts\?outcome=refused$/);

  const colleague = await open();
  await colleague.goto(link);
  await colleague.getByRole('table', { name: 'Attempts' }).getByText('consent_required').waitFor();
  expect(await colleague.getByRole('table').getByText('admitted').count()).toBe(0);
  await colleague.getByRole('button', { name: 'Save this view' }).click();
  expect(await colleague.getByLabel('Name').inputValue()).toBe('Turned away');

  await page.getByRole('button', { name: 'Remove “Turned away”' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Save this view' }).waitFor();
  expect(await page.getByRole('navigation', { name: 'Saved views' }).count()).toBe(0);
});

test('what is copied as curl asks for the attempt, and holds no token', async () => {
  const page = await open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${stage.service.operatorUrl}/console/attempts?attempt=${ids[0]}`);
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await page.getByText('Copied').waitFor();
  const command: string = await page.evaluate('navigator.clipboard.readText()');
  expect(command).not.toContain(stage.token);
  const address = /'(http.*)'$/.exec(command)?.[1] ?? '';
  const answer = await fetch(address, { headers: { Authorization: `Bearer ${stage.token}` } });
  expect(await answer.json()).toMatchObject({ id: ids[0], outcome: 'admitted' });
});
