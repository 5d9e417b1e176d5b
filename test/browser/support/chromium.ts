import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../../../scripts/chromium.js';

// Names lead nowhere, and neither does an address, unless it is one of this machine's own.
const onlyLoopback = 'MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]';
// What a browser does on its own account: updates, suggestions, first steps.
const quiet = ['--disable-background-networking', '--disable-component-update', '--no-first-run'];

/**
 * A Chromium without a window that reaches nothing but this machine.
 *
 * @throws Error when there is no Chromium, or it does not start.
 */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium(process.env);
  if (!executablePath) throw new Error('The browser tests need Chromium: run "node scripts/setup.mjs --chromium".');
  return chromium.launch({
    executablePath,
    // Chromium refuses to run as root inside its sandbox.
    chromiumSandbox: process.getuid?.() !== 0,
    args: [`--host-resolver-rules=${onlyLoopback}`, ...quiet],
    timeout: 60_000,
  });
}
