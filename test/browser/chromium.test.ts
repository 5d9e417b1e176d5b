import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from './support/chromium.ts';
import { watchPages } from './support/page-faults.ts';
import { useBrowser } from './support/use-browser.ts';

// What the other browser tests rely on: the browser is real, kept to this machine, and its pages' faults are heard.

const browser = useBrowser();
let server: Server;
let origin: string;

beforeAll(async () => {
  server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>Hello</h1>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // It listens on a port, so it has such an address.
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

test('a page of this machine is shown', async () => {
  const page = await browser.page();
  await page.goto(origin);
  expect(await page.getByRole('heading').textContent()).toBe('Hello');
});

test('nothing beyond this machine is reached, by name or by address', async () => {
  const page = await browser.page({
    expected: [/asked for https?:\/\/(example\.com|192\.0\.2\.1)/, /ERR_NAME_NOT_RESOLVED/],
  });
  await page.goto(origin);
  const errors = await page.evaluate(async () => {
    const asked = ['https://example.com/', 'http://192.0.2.1/'].map((url) =>
      fetch(url).then(
        () => 'reached',
        () => 'refused',
      ),
    );
    return Promise.all(asked);
  });
  expect(errors).toEqual(['refused', 'refused']);
});

test('errors on the console, uncaught errors and requests elsewhere are faults of the page', async () => {
  const chromium = await launchChromium();
  try {
    const context = await chromium.newContext();
    const faults: string[] = [];
    watchPages(context, (fault) => faults.push(fault));
    const page = await context.newPage();
    await page.goto(origin);
    const told = Promise.all([context.waitForEvent('console'), context.waitForEvent('weberror')]);
    await page.evaluate(() => {
      console.log('not a fault');
      console.error('broken');
      queueMicrotask(() => {
        throw new Error('nobody caught me');
      });
    });
    await told;
    const asked = page.waitForEvent('websocket');
    await page.evaluate(() => void new WebSocket('wss://example.com/v1'));
    await asked;
    await context.close();
    expect(faults).toEqual(
      expect.arrayContaining([
        expect.stringContaining('console: broken'),
        'uncaught: nobody caught me',
        'asked for wss://example.com/v1',
      ]),
    );
    expect(faults.join()).not.toContain('not a fault');
  } finally {
    await chromium.close();
  }
});
