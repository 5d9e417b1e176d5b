import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../gateway/support/until.ts';
import { type ConsoleStage, openConsoleStage } from './support/console-stage.ts';
import { useBrowser } from './support/use-browser.ts';

// What an operator does at the console: replays, endpoints, verifications, erasures.

const browser = useBrowser();
let stage: ConsoleStage;
/** Takes webhooks in while it is well. */
let receiver: { readonly server: Server; readonly url: string; status: number };

beforeAll(async () => {
  stage = await openConsoleStage();
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(receiver.status).end('so it is'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port, so it has such an address.
  const { port } = server.address() as AddressInfo;
  receiver = { server, url: `http://127.0.0.1:${port}/hooks`, status: 204 };
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
  receiver?.server.closeAllConnections();
  receiver?.server.close();
});

async function open(view: string): Promise<Page> {
  const page = await browser.page({ acceptDownloads: true });
  await page.goto(stage.signInUrl);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.goto(`${stage.service.operatorUrl}/console/${view}`);
  await page.getByText('Live', { exact: true }).waitFor();
  return page;
}

async function giveReason(page: Page, action: string): Promise<void> {
  await page.getByLabel('Reason').fill('a test of the console');
  await page.getByRole('button', { name: action }).click();
}

/** The delivery of an attempt to the identity provider, once it has this state. */
async function deliveryOf(attemptId: string, state: string) {
  const { deliveries } = stage.service.gateway;
  const look = async () => (await deliveries.list({ attemptId, limit: 1 }))[0];
  const found = await until(look, (one) => one?.state === state, 10_000);
  return found?.id ?? '';
}

/** Keeps what is asked of a path from arriving until the returned function is called. */
async function hold(page: Page, path: string): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  await page.route(`**${path}`, async (route) => {
    await held.promise;
    await route.continue();
  });
  return async () => {
    const answered = page.waitForResponse(`**${path}`);
    held.resolve();
    await (await answered).finished();
    // What the page does with it shows by then.
    await page.evaluate('new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))');
  };
}

test('a delivery shows each try, and is replayed with a reason that goes on record', async () => {
  const id = await deliveryOf(await stage.letIn(), 'delivered');
  const page = await open('deliveries');
  await page.getByRole('button', { name: `Open ${id}` }).click();
  const drawer = page.getByRole('dialog');
  await drawer.getByText('delivered').first().waitFor();
  await drawer.getByRole('button', { name: 'Deliver once more' }).click();
  await giveReason(page, 'Deliver once more');
  await drawer.getByText('It is due now, with the same id and the same bytes.').waitFor();
  const tries = () => stage.service.gateway.deliveries.tries(id);
  await until(tries, (made) => made.length === 2, 10_000);
  const [record] = await stage.service.gateway.audit.page({ limit: 1, eventType: 'OPERATOR_DELIVERY_REPLAY' });
  expect(JSON.parse(record?.line ?? '')).toMatchObject({ reason: 'a test of the console', deliveryId: id });
});

test('many deliveries are counted first, and replayed only then', async () => {
  await deliveryOf(await stage.letIn(), 'delivered');
  const page = await open('deliveries');
  await page.getByRole('button', { name: 'Replay many' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay many deliveries' });
  await dialog.getByRole('button', { name: 'Count them first' }).click();
  await dialog.getByText('None match.').waitFor();
  await dialog.getByRole('combobox', { name: 'State' }).selectOption('delivered');
  await dialog.getByRole('button', { name: 'Count them first' }).click();
  const counted = (await dialog.getByText(/match\. Nothing was changed yet/).textContent()) ?? '';
  const count = Number.parseInt(counted, 10);
  expect(count).toBeGreaterThanOrEqual(1);
  await giveReason(page, `Deliver ${count} once more`);
  await dialog.getByText(`${count} deliveries are due now.`).waitFor();
  await dialog.getByText('Nothing waits any more.').waitFor();
  expect(await dialog.getByRole('progressbar', { name: 'Sent to their receivers' }).getAttribute('value')).toBe(
    `${count}`,
  );
});

test('the list that is shown is what a replay means first, and a count that is late counts for nothing', async () => {
  await deliveryOf(await stage.letIn(), 'delivered');
  const page = await open('deliveries?state=delivered');
  const release = await hold(page, '/v1/deliveries/replays');
  await page.getByRole('button', { name: 'Replay many' }).click();
  const dialog = page.getByRole('dialog', { name: 'Replay many deliveries' });
  expect(await dialog.getByRole('combobox', { name: 'State' }).inputValue()).toBe('delivered');
  await dialog.getByRole('button', { name: 'Count them first' }).click();
  await dialog.getByRole('combobox', { name: 'State' }).selectOption('');
  await release();
  expect(await dialog.getByLabel('Reason').count()).toBe(0);
});

test('an endpoint is added, its secret shown once, rotated, disabled, enabled and removed', async () => {
  const page = await open('endpoints');
  await page.getByRole('button', { name: 'Add an endpoint' }).click();
  await page.getByLabel('Address').fill(receiver.url);
  await page.getByLabel('Description').fill('of the test');
  await page.getByRole('checkbox', { name: 'guest.authenticated' }).check();
  await page.getByRole('checkbox', { name: /^In order/ }).check();
  await giveReason(page, 'Add it');
  const first = await page.getByText(/^whsec_/).textContent();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  const card = page.getByRole('listitem').filter({ hasText: receiver.url });
  await card.getByText('guest.authenticated').waitFor();
  await card.getByText('each event of a guest after the one before').waitFor();
  expect(await page.getByText(/whsec_/).count()).toBe(0);

  await card.getByRole('button', { name: 'Rotate the secret' }).click();
  await giveReason(page, 'Make a new secret');
  const second = await page.getByText(/^whsec_/).textContent();
  expect(second).not.toBe(first);
  await page.getByRole('button', { name: 'I have kept it' }).click();

  await card.getByRole('button', { name: 'Disable' }).click();
  await giveReason(page, 'Disable it');
  await card.getByText(/^.disabled$/).waitFor();
  const held = await stage.letIn();
  await card.getByRole('button', { name: 'Enable' }).click();
  await giveReason(page, 'Enable it');
  await card.getByText(/^.enabled$/).waitFor();
  const { deliveries } = stage.service.gateway;
  const statesOf = async () => (await deliveries.list({ attemptId: held, limit: 5 })).map(({ state }) => state);
  await until(statesOf, (states) => states.length === 2 && states.every((state) => state === 'delivered'), 10_000);

  await card.getByRole('button', { name: 'Remove' }).click();
  await giveReason(page, 'Remove it for good');
  await card.waitFor({ state: 'detached' });
});

test('an address that may not be called is refused in words', async () => {
  const page = await browser.page({ expected: [/422 \(Unprocessable/] });
  await page.goto(stage.signInUrl);
  await page.getByRole('link', { name: 'Webhook endpoints' }).click();
  await page.getByRole('button', { name: 'Add an endpoint' }).click();
  await page.getByLabel('Address').fill('https://10.0.0.1/hooks');
  await giveReason(page, 'Add it');
  await page.getByRole('alert').getByText('ssrf_blocked').waitFor();
});

test('the log is verified on the spot, exported, and the first bad record is named', async () => {
  await stage.letIn();
  const page = await open('audit');
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText('The log is whole.').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  expect((await download).suggestedFilename()).toMatch(/^guestpass-audit-1-\d+\.csv$/);

  const { database } = stage;
  await database.query('alter table guestpass.audit_records disable trigger audit_records_append_only');
  await database.query("update guestpass.audit_records set line = replace(line, 'demo', 'dem0') where sequence = 1");
  await page.getByRole('button', { name: 'Verify now' }).click();
  await page.getByText('The log is broken at record 1: edited.').waitFor();
  await page.getByRole('link', { name: 'Overview' }).click();
  await page.getByRole('listitem').filter({ hasText: 'Audit chain' }).getByText('broken').waitFor();
  await database.query("update guestpass.audit_records set line = replace(line, 'dem0', 'demo') where sequence = 1");
});

test('a guest is erased in two steps, and not by a slip', async () => {
  const attemptId = await stage.letIn();
  await deliveryOf(attemptId, 'delivered');
  const page = await open('erasures');
  await page.getByLabel('Guest id, or id of an attempt').fill(attemptId);
  await page.getByRole('button', { name: 'See what would be erased' }).click();
  await page.getByText('one attempt and the bodies of one delivery. Nothing was changed yet.').waitFor();
  await page.getByLabel(/^Type/).fill('yes');
  await giveReason(page, 'Erase for good');
  await page.getByText('not_confirmed').waitFor();
  expect((await stage.service.gateway.attempts.get(attemptId))?.guest_id).not.toBeNull();
  await page.getByLabel(/^Type/).fill('erase');
  await page.getByRole('button', { name: 'Erase for good' }).click();
  await page.getByText('Erased: one attempt').waitFor();
  expect((await stage.service.gateway.attempts.get(attemptId))?.guest_id).toBeNull();
});

test('what was found of one guest erases nobody who was typed in meanwhile', async () => {
  const [one, other] = [await stage.letIn(), await stage.letIn()];
  const page = await open('erasures');
  const field = page.getByLabel('Guest id, or id of an attempt');
  const release = await hold(page, '/v1/erasures');
  await field.fill(one);
  await page.getByRole('button', { name: 'See what would be erased' }).click();
  await field.fill(other);
  await release();
  expect(await page.getByRole('button', { name: 'Erase for good' }).count()).toBe(0);
  await page.getByRole('button', { name: 'See what would be erased' }).click();
  await page.getByRole('listitem').getByText(other).waitFor();
});

test('a guest on hold is not erased until the hold is lifted', async () => {
  const attemptId = await stage.letIn();
  const page = await browser.page({ expected: [/409 \(Conflict\)/, /404 \(Not Found\)/] });
  await page.goto(stage.signInUrl);
  await page.getByRole('link', { name: 'Erasures and holds' }).click();
  await page.getByRole('button', { name: 'Place a hold' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Guest id, or id of an attempt').fill(attemptId);
  await dialog.getByLabel('Matter').fill('case 7');
  await giveReason(page, 'Place it');
  await page.getByRole('row', { name: /case 7/ }).waitFor();
  await page.getByLabel('Guest id, or id of an attempt').fill(attemptId);
  await page.getByRole('button', { name: 'See what would be erased' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByRole('button', { name: 'Lift case 7' }).click();
  await giveReason(page, 'Lift it');
  await page.getByText('Nobody is on hold.').waitFor();
  await page.getByRole('button', { name: 'See what would be erased' }).click();
  await page.getByText('Nothing was changed yet.').waitFor();
});

test('a consent that was taken back is put on record once, and the attempt tells of it', async () => {
  const attemptId = await stage.letIn();
  const page = await open('erasures');
  const record = async () => {
    await page.getByRole('button', { name: 'Record a withdrawal' }).click();
    await page.getByRole('dialog').getByLabel('Guest id, or id of an attempt').fill(attemptId);
    await giveReason(page, 'Record it');
  };
  await record();
  await page.getByText('The consent of one attempt is withdrawn, and endpoints are told.').waitFor();
  await record();
  await page.getByText('It was on record before; nothing was changed.').waitFor();
  await page.goto(`${stage.service.operatorUrl}/console/attempts?attempt=${attemptId}`);
  await page.getByRole('dialog').getByText('Consent withdrawn').waitFor();
  await page.getByRole('dialog').getByText('consent.withdrawn').waitFor();
});
