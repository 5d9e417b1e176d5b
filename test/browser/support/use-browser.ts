import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { launchChromium } from './chromium.ts';
import { watchPages } from './page-faults.ts';

export interface PageOptions extends BrowserContextOptions {
  /** Faults of the page that belong to the test; every other one fails it. Default none. */
  readonly expected?: readonly RegExp[];
}

export interface BrowserOfTests {
  /** A page in a context of its own: nothing is shared with another page. It is closed after the test. */
  page(options?: PageOptions): Promise<Page>;
  /** Ends this after the test, behind the pages that may be using it, the latest first. */
  use<T extends AsyncDisposable>(one: T): T;
}

/**
 * One Chromium for the tests of this file. A test fails when one of its pages wrote an error to the console, threw, or
 * asked for anything beyond this machine.
 */
export function useBrowser(): BrowserOfTests {
  let browser: Browser | undefined;
  const contexts: BrowserContext[] = [];
  const faults: string[] = [];
  let used = new AsyncDisposableStack();

  beforeAll(async () => {
    browser = await launchChromium();
  }, 90_000);

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    await used.disposeAsync();
    used = new AsyncDisposableStack();
    expect(faults.splice(0), 'what went wrong in the pages of this test').toEqual([]);
  }, 30_000);

  afterAll(async () => {
    await browser?.close();
  }, 30_000);

  return {
    async page({ expected = [], ...options } = {}) {
      if (!browser) throw new Error('Pages are opened inside tests.');
      const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
      contexts.push(context);
      context.setDefaultTimeout(15_000);
      watchPages(context, (fault) => {
        if (!expected.some((pattern) => pattern.test(fault))) faults.push(fault);
      });
      return context.newPage();
    },
    use: (one) => used.use(one),
  };
}
