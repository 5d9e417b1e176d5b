import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const bin = new URL('../../bin/guestpass.js', import.meta.url).pathname;

/** Tells the address of each module when the process ends. */
const listModules = `
  import { registerHooks } from 'node:module';
  const loaded = [];
  registerHooks({
    load(url, context, nextLoad) {
      loaded.push(url);
      return nextLoad(url, context);
    },
  });
  process.on('exit', () => process.stderr.write(JSON.stringify(loaded)));
`;

async function modulesOf(...args: string[]): Promise<readonly string[]> {
  const recorder = `data:text/javascript,${encodeURIComponent(listModules)}`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--import', recorder, bin, ...args]);
  return JSON.parse(stderr);
}

test.each([[['--version']], [['--help']], [['load', '--help']]])(
  '%j waits for no library but the one that reads the command line',
  async (args) => {
    const packages = (await modulesOf(...args)).flatMap(
      (url) => url.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1] ?? [],
    );
    expect([...new Set(packages)].toSorted()).toEqual(['commander', 'picocolors']);
  },
);
