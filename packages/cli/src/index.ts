export { openBrowser } from './lib/browser.ts';
export { endOnCrash, onHangup, run } from './lib/process.ts';
