import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// WCAG 2.2 AA as far as a program can tell, on each view, light and dark, wide and narrow.

const browser = useBrowser();
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let stage: ConsoleStage;
let attemptId: string;

beforeAll(async () => {
  stage = await openConsoleStage();
  await stage.letIn();
  await stage.letIn({ consent: { accepted: false, timestamp: new Date().toISOString() } });
  stage.simulator.faults.add({ operation: 'guest', status: 403, times: 3 });
  attemptId = await stage.letIn();
  await stage.letIn();
  await stage.letIn();
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

const looks = [
  { name: 'light and wide', colorScheme: 'light', viewport: { width: 1280, height: 800 } },
  { name: 'light and narrow', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'dark and wide', colorScheme: 'dark', viewport: { width: 1280, height: 800 } },
  { name: 'dark and narrow', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

/** What axe finds on the page as it stands, in words; and that the page itself does not scroll sideways. */
async function faultsOf(page: Page): Promise<readonly string[]> {
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(axe);
  const { violations } = await page.evaluate<AxeResults>(`axe.run({ runOnly: ${JSON.stringify(tags)} })`);
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`);
  const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  return overflow === 0 ? told : [...told, `scrolls sideways by ${overflow} px`];
}

test.for(looks)('the console, $name', { timeout: 90_000 }, async ({ colorScheme, viewport }) => {
  const page = await browser.page({ colorScheme, viewport, expected: [/401/] });
  const faults: Record<string, readonly string[]> = {};
  const { operatorUrl } = stage.service;
  const look = async (name: string) => {
    faults[name] = await faultsOf(page);
  };
  await page.goto(`${operatorUrl}/console`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await look('signing in');
  await page.getByLabel('Operator token').fill(stage.token);
  await page.keyboard.press('Enter');
  await page.getByText('Some customers cannot get in').waitFor();
  await page.getByRole('row', { name: /forbidden/ }).waitFor();
  await look('overview');
  await page.goto(`${operatorUrl}/console/attempts`);
  await page.getByRole('button', { name: `Open ${attemptId}` }).click();
  await page.getByRole('button', { name: 'Read the audit log' }).click();
  await page.getByText('WEBMESSAGING_GUEST_FAILED').first().waitFor();
  await look('an attempt');
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Outcome' }).selectOption('failed');
  await page.getByRole('button', { name: 'Save this view' }).click();
  await page.getByLabel('Name').fill('Failures');
  await look('saving a view');
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Saved views' }).waitFor();
  await look('attempts');
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await look('keys');
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: 'Overview' }).waitFor();
  await look('the palette');
  await page.goto(`${operatorUrl}/console/deliveries`);
  await page
    .getByRole('button', { name: /^Open dlv_/ })
    .first()
    .waitFor();
  await look('deliveries');
  await page.getByRole('button', { name: 'Replay many' }).click();
  await look('replaying many');
  await page.goto(`${operatorUrl}/console/endpoints`);
  await page.getByRole('button', { name: 'Remove' }).waitFor();
  await look('endpoints');
  await page.getByRole('button', { name: 'Add an endpoint' }).click();
  await look('a new endpoint');
  await page.goto(`${operatorUrl}/console/audit`);
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText('The log is whole.').waitFor();
  await look('audit');
  await page.goto(`${operatorUrl}/console/erasures`);
  await page.getByLabel('Guest id, or id of an attempt').fill('nobody');
  await look('erasures');
  await page.getByRole('button', { name: 'Record a withdrawal' }).click();
  await look('a withdrawal');
  await page.goto(`${operatorUrl}/console/health`);
  await page.getByRole('rowheader', { name: 'GUESTPASS_TARGET' }).waitFor();
  await page.getByRole('rowheader', { name: 'database', exact: true }).waitFor();
  await look('health');
  expect(Object.entries(faults).filter(([, found]) => found.length > 0)).toEqual([]);
});

test.for(looks)('the guest page, $name', { timeout: 60_000 }, async ({ colorScheme, viewport }) => {
  const page = await browser.page({ colorScheme, viewport });
  const faults: Record<string, readonly string[]> = {};
  const look = async (name: string) => {
    faults[name] = await faultsOf(page);
  };
  await page.goto(`${stage.service.gateway.url}/guest?channel=demo`);
  await page.getByRole('button', { name: 'Start the chat' }).click();
  await page.getByText('Please tick the box').waitFor();
  await look('the notice');
  await page.getByRole('checkbox').check();
  await page.getByRole('button', { name: 'Start the chat' }).click();
  await page.getByText('Connected', { exact: true }).waitFor({ timeout: 45_000 });
  const session = stage.simulator.sessions.list().at(-1)?.id ?? '';
  stage.simulator.sessions.say(session, { text: 'Hello', quickReplies: ['Yes', 'No'], nickname: 'Ann' });
  await page.getByRole('button', { name: 'Yes' }).waitFor();
  await look('the chat');
  stage.simulator.sessions.say(session, { disconnect: true });
  await page.getByText('This conversation has ended.').waitFor();
  await look('the end');
  expect(Object.entries(faults).filter(([, found]) => found.length > 0)).toEqual([]);
});

test('defects are found, so that finding none says something', async () => {
  const page = await browser.page({ viewport: { width: 390, height: 844 } });
  await page.setContent('<main><h1>Page</h1><input><p style="color:#aaa;background:#fff;width:900px">faint</p></main>');
  const found = await faultsOf(page);
  const names = found.map((fault) => fault.split(':')[0]);
  expect(names).toEqual(expect.arrayContaining(['label', 'color-contrast', 'document-title']));
  expect(found.at(-1)).toMatch(/^scrolls sideways by \d+ px$/);
});
