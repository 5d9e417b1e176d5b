import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// Operators with names and roles at the console: a real browser and a whole service.

const browser = useBrowser();
let stage: ConsoleStage;

beforeAll(async () => {
  stage = await openConsoleStage();
  await stage.letIn();
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

async function open(role: 'viewer' | 'auditor', view = ''): Promise<Page> {
  const page = await browser.page();
  await page.goto(`${stage.service.operatorUrl}/console#token=${stage.tokens[role]}`);
  await page.getByText('Live', { exact: true }).waitFor();
  if (view !== '') await page.goto(`${stage.service.operatorUrl}/console/${view}`);
  return page;
}

const linksOf = (page: Page) => page.getByRole('navigation', { name: 'Views' }).getByRole('link').allTextContents();

test('a viewer is named, looks at an attempt, and is told what the role does not allow', async () => {
  const page = await open('viewer', 'attempts');
  await page.getByText('Signed in as viewer-1 (viewer)').waitFor();
  expect(await linksOf(page)).toEqual(expect.arrayContaining(['Overview', 'Attempts', 'Deliveries']));
  expect(await linksOf(page)).not.toEqual(expect.arrayContaining(['Audit log']));
  await page
    .getByRole('button', { name: /^Open att_/ })
    .first()
    .click();
  await page.getByText('Reading the audit log takes another role than yours, viewer.').waitFor();
  await page.goto(`${stage.service.operatorUrl}/console/endpoints`);
  await page.getByText('Changing endpoints takes another role than yours, viewer.').waitFor();
  expect(await page.getByRole('button', { name: 'Rotate the secret' }).count()).toBe(0);
  await page.goto(`${stage.service.operatorUrl}/console/audit`);
  await page.getByText('This view takes another role than yours, viewer.').waitFor();
});

test('an auditor sees by name who looked at what, and erases nobody', async () => {
  const page = await open('auditor', 'audit?type=OPERATOR_ATTEMPT_READ');
  await page.getByText('Signed in as auditor-1 (auditor)').waitFor();
  await page.getByText('Show', { exact: true }).first().click();
  await page.getByText('"operator":"viewer-1"').first().waitFor();
  await page.getByRole('link', { name: 'Erasures and holds' }).click();
  await page.getByText('Erasing a guest takes another role than yours, auditor.').waitFor();
  await page.getByRole('button', { name: 'Place a hold' }).waitFor();
});

/** The console under another name, so that it and the provider are two sites, as they are in earnest. */
const elsewhere = () => stage.service.operatorUrl.replace('127.0.0.1', 'localhost');

test('an operator signs in at the provider of the company, goes on in the same view, and signs out again', async () => {
  const page = await browser.page({ expected: [/401 \(Unauthorized\)/] });
  const view = `${elsewhere()}/console/deliveries?state=dead`;
  await page.goto(view);
  await page.getByRole('link', { name: /^Sign in with / }).click();
  await page.getByLabel('Account').fill('olga');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as olga (operator)').waitFor();
  await page.getByText('Live', { exact: true }).waitFor();
  expect(page.url()).toBe(view);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: /^Sign in with / }).waitFor();
});

test('whom the provider does not know as an operator is told so', async () => {
  const page = await browser.page({ expected: [/401 \(Unauthorized\)/] });
  await page.goto(`${stage.service.operatorUrl}/console`);
  await page.getByRole('link', { name: /^Sign in with / }).click();
  await page.getByLabel('Account').fill('mallory');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('you have no role here').waitFor();
  expect(page.url()).toBe(`${stage.service.operatorUrl}/console`);
});
