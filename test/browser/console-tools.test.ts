import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage, shopNotice } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// What helps an operator along beside the lists: the palette, exports, health, and the clock to read by.

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

async function open(view = '', options: Parameters<typeof browser.page>[0] = {}): Promise<Page> {
  const page = await browser.page(options);
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  if (view !== '') await page.goto(`${stage.service.operatorUrl}/console/${view}`);
  return page;
}

test('the palette is worked by keys alone: views, ids and commands', async () => {
  const page = await open();
  const field = page.getByRole('combobox', { name: 'View, attempt, guest or command' });
  const active = () => field.getAttribute('aria-activedescendant');
  await page.keyboard.press('Control+k');
  await field.waitFor();
  expect(await page.locator(':focus').getAttribute('role')).toBe('combobox');
  const first = await active();
  await page.keyboard.press('ArrowUp');
  expect(await active()).not.toBe(first);
  await page.keyboard.press('ArrowDown');
  expect(await active()).toBe(first);
  await page.keyboard.type('audit');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();

  await page.keyboard.press('Meta+k');
  await page.keyboard.type(ids[0] ?? '');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog', { name: `Attempt ${ids[0]}` }).waitFor();
  await page.keyboard.press('Escape');

  await page.keyboard.press('Control+k');
  await page.keyboard.type('no such thing');
  await page.getByText('Nothing is called like this.').waitFor();
  await page.keyboard.press('Escape');
  await field.waitFor({ state: 'detached' });

  await page.keyboard.press('Control+k');
  await page.keyboard.type('dark');
  await page.keyboard.press('Enter');
  const scheme = () => page.evaluate('getComputedStyle(document.documentElement).colorScheme');
  expect(await scheme()).toBe('dark');
  await page.reload();
  expect(await scheme()).toBe('dark');
});

test('times are local with UTC on hover, or the other way round, as it was chosen before', async () => {
  const page = await open('attempts', { timezoneId: 'Asia/Tokyo' });
  const time = page.getByRole('row').filter({ hasText: 'admitted' }).locator('time').first();
  const at = new Date((await time.getAttribute('datetime')) ?? '');
  const utc = at.toISOString().slice(11, 19);
  expect(await time.textContent()).toBe(at.toLocaleTimeString('en-GB', { timeZone: 'Asia/Tokyo' }));
  expect(await time.getAttribute('title')).toBe(`${at.toISOString().slice(0, 10)} ${utc}Z`);
  await page.getByRole('button', { name: 'UTC', exact: true }).click();
  expect(await time.textContent()).toBe(`${utc}Z`);
  await page.reload();
  expect(await time.textContent()).toBe(`${utc}Z`);
});

test('a list is exported with the filter in force, and that goes on record', async () => {
  const page = await open('attempts?outcome=refused', { acceptDownloads: true });
  await page.getByRole('table').getByText('consent_required').waitFor();
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toMatch(/^guestpass-attempts-until-\d{8}T\d{6}Z-filtered\.csv$/);
  const lines = readFileSync(await download.path(), 'utf8')
    .trim()
    .split('\r\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`${ids[1]},refused,`);

  await page.goto(`${stage.service.operatorUrl}/console/deliveries?state=delivered`);
  const address = await page.getByRole('link', { name: 'Export JSON lines' }).getAttribute('href');
  expect(address).toBe('/v1/deliveries/export?state=delivered&format=jsonl');
  await page.goto(`${stage.service.operatorUrl}/console/audit?type=OPERATOR_ATTEMPTS_EXPORT`);
  await page.getByRole('cell', { name: 'OPERATOR_ATTEMPTS_EXPORT', exact: true }).waitFor();
});

test('health tells what the gateway needs and runs with, and no secret', async () => {
  const page = await open('health');
  await page.getByText('Ready: guests are sent here.').waitFor();
  await page
    .getByRole('row', { name: /database/ })
    .getByText('ok')
    .waitFor();
  await page.getByText('0.0.0-test').waitFor();
  const field = page.getByRole('searchbox', { name: 'Find a setting' });
  await field.fill('operator_token');
  await page
    .getByRole('row', { name: /GUESTPASS_OPERATOR_TOKEN/ })
    .getByText('secret, not shown')
    .waitFor();
  expect(await page.content()).not.toContain(stage.token);
  await field.fill('guestpass_host');
  await page.getByText('No setting looks like this.').waitFor();
  await page.getByRole('button', { name: 'Only what is set' }).click();
  await page
    .getByRole('row', { name: /GUESTPASS_HOST/ })
    .getByText('127.0.0.1')
    .waitFor();
});

test('what arrives while somebody reads further down waits above, and comes in where it is asked for', async () => {
  const page = await open('attempts', { viewport: { width: 1280, height: 420 } });
  const shown: string[] = [];
  for (let more = 0; more < 8; more += 1) shown.push(await stage.letIn());
  const rows = page.getByRole('table', { name: 'Attempts' }).getByRole('row');
  for (const one of shown) await page.getByRole('button', { name: `Open ${one}` }).waitFor();
  await rows.last().scrollIntoViewIfNeeded();
  // The browser tells where things stand with the frame after the one that scrolled.
  await page.evaluate('new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))');
  const before = await rows.count();
  const id = await stage.letIn();
  const pill = page.getByRole('button', { name: '1 new' });
  await pill.waitFor();
  expect(await rows.count()).toBe(before);
  await pill.click();
  await rows
    .nth(1)
    .getByRole('button', { name: `Open ${id}` })
    .waitFor();
  await pill.waitFor({ state: 'detached' });
  expect(await page.locator(':focus').textContent()).toBe('Pause');
});

test('an attempt shows to what its guest consented, and a guest is found with the consents taken back', async () => {
  const consent = { accepted: true, timestamp: new Date().toISOString(), noticeVersion: shopNotice.version };
  const attemptId = await stage.letIn({ channelId: shopNotice.channels[0], consent });
  const page = await open(`attempts?attempt=${attemptId}`);
  const drawer = page.getByRole('dialog');
  await drawer.getByText('shop-privacy, version 2026-01').waitFor();
  await drawer.getByText(hash('sha256', shopNotice.text)).waitFor();
  await drawer.getByText(/^crt_/).waitFor();

  await page.goto(`${stage.service.operatorUrl}/console/erasures`);
  await page.getByLabel('Guest id, or id of an attempt').fill(attemptId);
  await page.keyboard.press('Enter');
  const found = page.getByRole('table', { name: 'Attempts of the subject' });
  await found.getByRole('button', { name: `Open ${attemptId}` }).waitFor();
  await stage.service.gateway.attempts.withdrawConsent({ attemptId, basis: 'a letter', nowMs: Date.now() });
  await page.getByRole('button', { name: 'List those on record' }).click();
  const list = page.getByRole('table', { name: 'Consents taken back' });
  await list
    .getByRole('row', { name: /a letter/ })
    .getByRole('button', { name: `Open ${attemptId}` })
    .click();
  await drawer.getByText('Withdrawn', { exact: true }).waitFor();
});
