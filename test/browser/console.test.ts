import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// An operator at the console: a real browser, a whole service on a real database, the simulated platform.

const browser = useBrowser();
let stage: ConsoleStage;

beforeAll(async () => {
  stage = await openConsoleStage();
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  stage.simulator.faults.clear();
});

/** What the browser writes to its console when it is not signed in yet. */
const notSignedIn = /401 \(Unauthorized\)/;

/** Signs in by the address, then goes to a view. */
async function open(view = ''): Promise<Page> {
  const page = await browser.page();
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  if (view !== '') {
    await page.goto(`${stage.service.operatorUrl}/console/${view}`);
    await page.getByText('Live', { exact: true }).waitFor();
  }
  return page;
}

/** Lets `count` guests try while the platform answers with `status`. */
async function failures(count: number, status: number): Promise<readonly string[]> {
  stage.simulator.faults.add({ operation: 'guest', status, times: 1_000 });
  const ids = await Promise.all(Array.from({ length: count }, () => stage.letIn()));
  stage.simulator.faults.clear();
  return ids;
}

test('the token signs in once, and is in no address afterwards', async () => {
  const page = await open();
  expect(page.url()).toBe(`${stage.service.operatorUrl}/console`);
  await page.reload();
  await page.getByText('Live', { exact: true }).waitFor();
  const [cookie] = await page.context().cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' });
  expect(cookie?.value).not.toContain(stage.token);
});

test('a wrong token is refused in words, and the right one typed in lets in; signing out ends it', async () => {
  const page = await browser.page({ expected: [notSignedIn] });
  await page.goto(`${stage.service.operatorUrl}/console/audit`);
  const field = page.getByLabel('Operator token');
  await field.fill('wrong');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('The operator token is not right.').waitFor();
  await field.fill(stage.token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit log' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await field.waitFor();
  await page.reload();
  await field.waitFor();
});

test('the overview says that customers get in, and whose fault it is when they do not', async () => {
  await stage.letIn();
  const page = await open();
  const banner = page.getByRole('region', { name: 'Can customers get in?' });
  await banner.getByText('Customers are getting in').waitFor();
  await failures(3, 403);
  await banner.getByText('Some customers cannot get in').waitFor();
  await banner.getByText('The fault is in our configuration of the platform.').waitFor();
  await page.getByRole('listitem').filter({ hasText: 'guest' }).getByText('3 failed').waitFor();
  await page
    .getByRole('row', { name: /forbidden/ })
    .getByRole('link')
    .click();
  await page.waitForURL(/attempts\?code=forbidden/);
  await page.getByRole('table', { name: 'Attempts' }).getByText('forbidden').nth(2).waitFor();
  expect(await page.getByRole('table').getByText('admitted').count()).toBe(0);
});

test('attempts arrive by themselves, and wait while the list is paused', async () => {
  const page = await open('attempts');
  const rows = page.getByRole('table', { name: 'Attempts' }).getByRole('row');
  const first = await stage.letIn();
  await page.getByRole('button', { name: `Open ${first}` }).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  const before = await rows.count();
  const second = await stage.letIn();
  await page.getByText('Paused: 1 new.').waitFor();
  expect(await rows.count()).toBe(before);
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: `Open ${second}` }).waitFor();
});

test('filters stand in the address and survive a reload', async () => {
  await stage.letIn({ consent: { accepted: false, timestamp: new Date().toISOString() } });
  const page = await open('attempts');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('refused');
  await page.waitForURL(/outcome=refused/);
  await page.reload();
  const table = page.getByRole('table', { name: 'Attempts' });
  await table.getByText('consent_required').first().waitFor();
  expect(await table.getByText('admitted').count()).toBe(0);
  await page.getByRole('searchbox', { name: 'Text' }).fill('nothing has this');
  await page.getByText('No attempt looks like this.').waitFor();
  await page.getByRole('button', { name: 'Show all' }).click();
  await table.getByText('admitted').first().waitFor();
});

test('an attempt opens in full, keeps the focus, and gives it back', async () => {
  const [id = ''] = await failures(1, 503);
  const page = await open('attempts');
  const opener = page.getByRole('button', { name: `Open ${id}` });
  await opener.focus();
  await page.keyboard.press('Enter');
  const drawer = page.getByRole('dialog', { name: `Attempt ${id}` });
  await drawer.getByText('ended here').waitFor();
  await drawer.getByText('503 → 503 → 503 → 503').waitFor();
  await drawer.getByText('guest.failed').waitFor();
  await drawer.getByRole('button', { name: 'Read the audit log' }).click();
  await drawer.getByText('WEBMESSAGING_GUEST_FAILED').first().waitFor();
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    const outside = page.locator('main :focus:not(dialog, dialog *)');
    expect(await outside.count()).toBe(0);
  }
  await page.keyboard.press('Escape');
  await drawer.waitFor({ state: 'detached' });
  expect(await opener.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  expect(page.url()).not.toContain(id);
});

test('a ticket is copied that does not name the guest', async () => {
  const id = await stage.letIn();
  const attempt = await stage.service.gateway.attempts.get(id);
  const page = await open();
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(`${stage.service.operatorUrl}/console/attempts?attempt=${id}`);
  await page.getByRole('button', { name: 'Copy as ticket' }).click();
  await page.getByText('Copied').waitFor();
  const ticket: string = await page.evaluate('navigator.clipboard.readText()');
  expect(ticket).toContain(`Attempt: ${id}`);
  expect(ticket).not.toContain(attempt?.guest_id);
});

test('many a second are thinned out, and nothing of it is lost to the page', async () => {
  const page = await open('attempts');
  const consent = { accepted: false, timestamp: new Date().toISOString() };
  // Refused here, so that no pace of the platform slows them down.
  await Promise.all(Array.from({ length: 120 }, () => stage.letIn({ consent })));
  await page.getByText(/Showing 1 in \d+/).waitFor();
  await page.goto(`${stage.service.operatorUrl}/console`);
  const total = page.getByRole('listitem').filter({ hasText: 'a second' }).locator('.big');
  await expect.poll(async () => Number(await total.textContent())).toBeGreaterThanOrEqual(120);
});

test('the keyboard alone skips to the content, changes the view, and shows where it is', async () => {
  const page = await open();
  await page.keyboard.press('Tab');
  const focused = page.locator(':focus');
  expect(await focused.textContent()).toBe('Skip to the content');
  expect(await focused.boundingBox()).toMatchObject({ y: expect.closeTo(8, 0) });
  await page.keyboard.press('Enter');
  expect(await focused.getAttribute('id')).toBe('main');
  await page.getByRole('link', { name: 'Overview' }).focus();
  await page.keyboard.press('Tab');
  expect(await focused.textContent()).toBe('Attempts');
  expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Attempts', level: 1 }).waitFor();
  expect(await focused.getAttribute('id')).toBe('main');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.tagName')).toBe('SELECT');
  await page.goBack();
  await page.getByRole('heading', { name: 'Overview', level: 1 }).waitFor();
});

test('a gateway that cannot write says that nobody gets in, and whose fault it is', async () => {
  const page = await browser.page({ expected: [/503 \(Service Unavailable\)/, /500 \(Internal/] });
  await page.goto(stage.signInUrl);
  const banner = page.getByRole('region', { name: 'Can customers get in?' });
  await banner.getByText('Customers').waitFor();
  await stage.database.query('alter table guestpass.heartbeat rename to heartbeat_away');
  await banner.getByText('Customers cannot get in', { exact: true }).waitFor();
  await banner.getByText('The fault is ours, in this gateway.').waitFor();
  await stage.database.query('alter table guestpass.heartbeat_away rename to heartbeat');
  await banner.getByText('The fault is ours, in this gateway.').waitFor({ state: 'detached' });
});

test('without the network nothing is called live, and what happened meanwhile comes with it', async () => {
  const page = await browser.page({ expected: [/ERR_INTERNET_DISCONNECTED/] });
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.goto(`${stage.service.operatorUrl}/console/attempts`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.context().setOffline(true);
  await page.getByText('Reconnecting …').waitFor();
  const between = await stage.letIn();
  const opened = page.waitForRequest('**/v1/stream');
  await page.context().setOffline(false);
  // The browser takes the stream of before for one that goes on.
  await opened;
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: `Open ${between}` }).waitFor();
});

test('while attempts are still being read, nobody is told that there were none', async () => {
  await stage.letIn();
  const page = await open();
  const held = Promise.withResolvers<void>();
  await page.route('**/v1/attempts?**', async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.reload();
  const banner = page.getByRole('region', { name: 'Can customers get in?' });
  await banner.getByText('Reading what became of the last attempts.').waitFor();
  held.resolve();
  await banner.getByText(/got in, in the last 15 minutes/).waitFor();
});

test('news that were refused for a while come again, with what happened in between', async () => {
  const page = await browser.page({ expected: [/502 \(Bad Gateway\)/] });
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.route('**/v1/stream', (route) => route.fulfill({ status: 502, body: 'a proxy without its gateway' }));
  await page.goto(`${stage.service.operatorUrl}/console/attempts`);
  await page.getByText('Not connected').waitFor();
  const between = await stage.letIn();
  await page.unroute('**/v1/stream');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByRole('button', { name: `Open ${between}` }).waitFor();
  await page.getByRole('button', { name: `Open ${await stage.letIn()}` }).waitFor();
});

test('a session that ends in the middle of the work says so, and signing in goes on in the same view', async () => {
  const page = await browser.page({ expected: [notSignedIn] });
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.context().clearCookies();
  await page.getByRole('link', { name: 'Audit log' }).click();
  await page.getByText('Your session has ended.').waitFor();
  await page.getByLabel('Operator token').fill(stage.token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Audit log', level: 1 }).waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
});

test('an older page that is late does not come under another filter', async () => {
  await failures(1, 403);
  await Promise.all(Array.from({ length: 51 }, () => stage.letIn()));
  const page = await open('attempts');
  const gate = Promise.withResolvers<void>();
  await page.route(/v1\/attempts\?.*after=/, async (route) => {
    await gate.promise;
    await route.continue().catch(() => {});
  });
  await page.getByRole('button', { name: 'Older' }).click();
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  await expect.poll(() => page.locator('tbody tr', { hasText: 'admitted' }).count()).toBe(0);
  gate.resolve();
  // By the time that this one is shown, the late page has been answered.
  const [next] = await failures(1, 403);
  await page.getByRole('button', { name: `Open ${next}` }).waitFor();
  expect(await page.locator('tbody tr', { hasText: 'admitted' }).count()).toBe(0);
});

test('behind two hundred rows, older ones come each once, however many attempts arrived meanwhile', async () => {
  const consent = { accepted: false, timestamp: new Date().toISOString() };
  const several = (count: number) => Promise.all(Array.from({ length: count }, () => stage.letIn({ consent })));
  const before = await several(220);
  const page = await open('attempts?code=consent_required');
  const rows = page.locator('tbody tr');
  for (const most of [100, 150, 200]) {
    await page.getByRole('button', { name: 'Older' }).click();
    await expect.poll(() => rows.count()).toBe(most);
  }
  const arrived = await several(4);
  // Whoever reads down there is not pushed away by them.
  await page.getByRole('button', { name: '4 new' }).click();
  await page.getByRole('button', { name: `Open ${arrived[0]}` }).waitFor();
  await page.getByRole('button', { name: `Open ${arrived[3]}` }).waitFor();
  expect(await rows.count()).toBe(200);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Older' }).click();
  await expect.poll(() => rows.count()).toBeGreaterThan(200);
  const labels = await rows.getByRole('button').evaluateAll((all) => all.map((one) => one.ariaLabel ?? ''));
  const shown = labels.map((label) => label.replace('Open ', ''));
  expect(new Set(shown).size).toBe(shown.length);
  expect([...before, ...arrived].filter((id) => !shown.includes(id))).toEqual([]);
});

test('a session that has ended leads to signing in, and the view is kept', async () => {
  const page = await browser.page({ expected: [notSignedIn] });
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.context().clearCookies();
  await page.goto(`${stage.service.operatorUrl}/console/deliveries`);
  await page.getByLabel('Operator token').fill(stage.token);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Deliveries', level: 1 }).waitFor();
});
