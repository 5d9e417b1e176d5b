// Finds the Chromium of the browser tests, and brings one where that needs no question. Plain JavaScript, as set-up is.
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome.exe'];
// Where installers put it without a place on the path.
const places = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];
const byHand =
  'install Chromium or Google Chrome with the package manager of this machine, or name one in CHROMIUM_PATH.';

/** The executable that CHROMIUM_PATH names, there or not; else the first one found. */
export function findChromium(env) {
  if (env.CHROMIUM_PATH) return env.CHROMIUM_PATH;
  const onPath = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = onPath.flatMap((folder) => names.map((name) => join(folder, name)));
  return [...candidates, ...places].find((path) => existsSync(path));
}

/** What makes this machine one where Debian's own Chromium can be installed. Ubuntu's package is an empty shell. */
export function readMachine() {
  const release = '/etc/os-release';
  const text = existsSync(release) ? readFileSync(release, 'utf8') : '';
  return { isDebian: /^ID="?debian"?$/m.test(text), isRoot: process.getuid?.() === 0 };
}

/** Undefined once there is a Chromium; else what stands in the way, and what to do next. */
export function provideChromium(env, { isDebian, isRoot }, run) {
  const found = findChromium(env);
  if (found)
    return existsSync(found) ? undefined : { what: `CHROMIUM_PATH names ${found}, which is not there.`, next: byHand };
  if (!isDebian) return { what: 'the browser tests need Chromium, and none was found.', next: byHand };
  if (!isRoot) {
    const next = `run "sudo apt-get install --no-install-recommends chromium", or ${byHand}`;
    return { what: 'the browser tests need Chromium, and only root may install it.', next };
  }
  process.stderr.write('Setting up: installing Chromium, which the browser tests use ...\n');
  const quietly = { ...env, DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300'];
  const steps = [['update'], ['install', '-y', '--no-install-recommends', 'chromium']];
  const done = steps.every((step) => run('apt-get', ['-q', ...wait, ...step], quietly).status === 0);
  if (done && findChromium(env)) return undefined;
  return { what: 'apt-get could not install chromium.', next: `read the lines above, then ${byHand}` };
}
