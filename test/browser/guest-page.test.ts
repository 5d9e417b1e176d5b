import type { Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage } from '../gateway/support/stage.ts';
import { useBrowser } from './support/use-browser.ts';

// A visitor on the guest page: a real browser, a real gateway on a real database, the simulated platform.

const browser = useBrowser();
let stage: Stage;

const notice = 'We keep what you write for thirty days.';

beforeAll(async () => {
  stage = await openStage({ gateway: { websites: [{ origin: 'https://shop.example' }], guestPage: { notice } } });
}, 60_000);

afterAll(async () => {
  await stage?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  stage.simulator.faults.clear();
});

async function visit({ path = '/guest?channel=demo', expected = [] as RegExp[] } = {}): Promise<Page> {
  const page = await browser.page({ expected });
  await page.goto(`${stage.gateway.url}${path}`);
  return page;
}

async function agree(page: Page): Promise<void> {
  await page.getByRole('checkbox', { name: 'I have read this and agree.' }).check();
  await page.getByRole('button', { name: 'Start the chat' }).click();
}

/** A visitor who is in, and the session as the platform knows it. */
async function chat({ expected = [] as RegExp[] } = {}) {
  const page = await visit({ expected });
  await agree(page);
  await page.getByText('Connected', { exact: true }).waitFor();
  const session = stage.simulator.sessions.list().at(-1)?.id ?? '';
  return { page, session, log: page.getByRole('log') };
}

async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Your message' }).fill(text);
  await page.keyboard.press('Enter');
}

test('nothing is sent before the visitor has agreed to the very text that goes on record', async () => {
  const before = stage.simulator.stats().guestRequests;
  const page = await visit();
  await page.getByText(notice).waitFor();
  await page.getByRole('button', { name: 'Start the chat' }).click();
  await page.getByText('Please tick the box to start the chat.').waitFor();
  expect(stage.simulator.stats().guestRequests).toBe(before);
  const payload = page.waitForRequest((request) => request.method() === 'POST');
  await agree(page);
  await page.getByText('Connected', { exact: true }).waitFor();
  const { consent, captcha } = (await payload).postDataJSON();
  expect(consent).toMatchObject({ accepted: true, noticeVersion: expect.stringMatching(/^sha256-[0-9a-f]{16}$/) });
  expect(captcha.provider).toBe('altcha');
});

test('a visitor talks, chooses an answer, and sees who is typing', async () => {
  const { page, session, log } = await chat();
  await say(page, 'Is anybody there?');
  await log.getByText('Echo: Is anybody there?').waitFor();
  stage.simulator.sessions.say(session, { typing: true, nickname: 'Ann' });
  await log.getByText('Somebody is typing').waitFor();
  stage.simulator.sessions.say(session, { text: 'Yes. What is it?', quickReplies: ['An order'], nickname: 'Ann' });
  await log.getByText('Yes. What is it?').waitFor();
  expect(await log.getByText('Somebody is typing').count()).toBe(0);
  await log.getByRole('button', { name: 'An order' }).click();
  await log.getByRole('article').filter({ hasText: 'You' }).getByText('An order', { exact: true }).waitFor();
  expect(await log.getByRole('button', { name: 'An order' }).count()).toBe(0);
});

test('a file goes out and comes back as it was', async () => {
  const { page, log } = await chat();
  const buffer = Buffer.from('a receipt');
  await page.getByLabel('File to send').setInputFiles({ name: 'receipt.txt', mimeType: 'text/plain', buffer });
  const mine = log
    .getByRole('article')
    .filter({ hasText: 'You' })
    .getByRole('button', { name: /receipt\.txt/ });
  const download = page.waitForEvent('download');
  await mine.click();
  const chunks = await Array.fromAsync(await (await download).createReadStream());
  expect(Buffer.concat(chunks).toString()).toBe('a receipt');
});

test('the conversation is there again after a reload, and is forgotten when the chat is ended', async () => {
  const { page, log } = await chat();
  await say(page, 'Remember this');
  await log.getByText('Echo: Remember this').waitFor();
  await page.reload();
  await log.getByText('Echo: Remember this').waitFor();
  expect(await log.getByRole('article').count()).toBe(2);
  await page.getByRole('button', { name: 'End chat' }).click();
  await page.getByRole('heading', { name: 'Chat with us' }).waitFor();
  await page.reload();
  await page.getByRole('checkbox').waitFor();
});

test('a platform that refuses once after a reload costs nobody the conversation', async () => {
  const { page, log } = await chat();
  await say(page, 'Keep this');
  await log.getByText('Echo: Keep this').waitFor();
  stage.simulator.faults.add({ operation: 'action', code: 403 });
  await page.reload();
  await page.getByRole('alert').getByText('We could not start the chat.').waitFor();
  await page.reload();
  await log.getByText('Echo: Keep this').waitFor();
});

test('a visitor who loses the network is told so, and goes on where it was', async () => {
  const { page, session, log } = await chat({ expected: [/ERR_INTERNET_DISCONNECTED/] });
  await page.context().setOffline(true);
  await page.getByText('You are offline').waitFor();
  await page.context().setOffline(false);
  await page.getByText('Connected', { exact: true }).waitFor();
  stage.simulator.sessions.say(session, { text: 'Are you back?', nickname: 'Ann' });
  await log.getByText('Are you back?').waitFor();
});

test('a connection that breaks comes back by itself, and nothing said in between is missing', async () => {
  const { page, session, log } = await chat();
  stage.simulator.faults.add({ operation: 'socket', delayMs: 700 });
  stage.simulator.faults.add({ operation: 'action', reset: 'before' });
  await say(page, 'Do you hear me?');
  await page.getByText('Reconnecting').waitFor();
  stage.simulator.sessions.say(session, { text: 'I was here meanwhile.', nickname: 'Ann' });
  await page.getByText('Connected', { exact: true }).waitFor();
  await log.getByText('I was here meanwhile.').waitFor();
  await log.getByRole('article').filter({ hasText: 'You' }).getByText('Do you hear me?').waitFor();
});

test('new messages are followed, but not away from whoever reads further up', async () => {
  const { page, session, log } = await chat();
  const tell = async (text: string) => {
    stage.simulator.sessions.say(session, { text, nickname: 'Ann' });
    await log.getByText(text.slice(0, 20)).waitFor();
  };
  const settle = () => page.evaluate('new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)))');
  const below = () => log.evaluate((list) => Math.round(list.scrollHeight - list.scrollTop - list.clientHeight));
  await tell(`A long answer, number one.${'\n.'.repeat(80)}`);
  await settle();
  expect(await below()).toBe(0);
  await log.evaluate((list) => list.scrollTo({ top: 0 }));
  await settle();
  await tell('Another answer, number two.');
  await settle();
  expect(await log.evaluate((list) => list.scrollTop)).toBe(0);
  await say(page, 'I have read it.');
  await log.getByRole('article').filter({ hasText: 'You' }).getByText('I have read it.').waitFor();
  await settle();
  expect(await below()).toBe(0);
});

test('a conversation that was ended can be read, and another one begun', async () => {
  const { page, session, log } = await chat();
  await say(page, 'Hello');
  await log.getByText('Echo: Hello').waitFor();
  stage.simulator.sessions.say(session, { disconnect: true });
  await page.getByText('This conversation has ended. You can still read it.').waitFor();
  expect(await page.getByRole('textbox').count()).toBe(0);
  await page.getByRole('button', { name: 'New conversation' }).click();
  await say(page, 'Once more');
  await log.getByText('Echo: Once more').waitFor();
});

test('an expired session says so, and leads back to the notice', async () => {
  const { page, session } = await chat();
  stage.simulator.sessions.expire(session);
  await page.getByText('The chat was idle for too long and has ended.').waitFor();
  await page.getByRole('button', { name: 'Start a new chat' }).click();
  await page.getByRole('heading', { name: 'Chat with us' }).waitFor();
});

test('a platform that refuses is told in words for visitors, and trying again may work', async () => {
  stage.simulator.faults.add({ operation: 'guest', status: 403 });
  const page = await visit({ expected: [/502 \(Bad Gateway\)/] });
  await agree(page);
  const alert = page.getByRole('alert');
  await alert.getByText('We could not start the chat. Please try again later or contact us another way.').waitFor();
  expect(await alert.evaluate((element) => element === element.ownerDocument.activeElement)).toBe(true);
  expect(await alert.textContent()).not.toMatch(/forbidden|403|platform/i);
  await agree(page);
  await page.getByText('Connected', { exact: true }).waitFor();
});

test('an address without a channel asks nothing of the visitor', async () => {
  const page = await visit({ path: '/guest' });
  await page.getByText('This address names no channel.').waitFor();
  expect(await page.getByRole('checkbox').count()).toBe(0);
});

test('the page may reach the gateway and where guests talk, and runs no script but its own', async () => {
  const response = await fetch(`${stage.gateway.url}/guest`);
  const policy = response.headers.get('content-security-policy') ?? '';
  const platform = new URL(stage.platformUrl).host;
  expect(policy).toContain(`connect-src 'self' http://${platform} ws://${platform}`);
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(await response.text()).not.toMatch(/<script(?![^>]*src=)|<style|\son\w+=/);
});
