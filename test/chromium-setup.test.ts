import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findChromium, provideChromium, type Run } from '../scripts/chromium.js';

// The machine is a folder of programs: what is on the path is all there is.

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guestpass-chromium-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const run: Run = (command, args, env) => spawnSync(command, args, { env, encoding: 'utf8' });

function program(name: string, lines: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

const debian = { isDebian: true, isRoot: true };

test('Chromium is found on the path, and nothing is installed', () => {
  const path = program('chromium', 'exit 0');
  program('apt-get', 'exit 1');
  const env = { PATH: [join(folder, 'nothing'), folder].join(delimiter) };
  expect(findChromium(env)).toBe(path);
  expect(provideChromium(env, debian, run)).toBeUndefined();
});

test('CHROMIUM_PATH goes before the path, and must be there', () => {
  program('chromium', 'exit 0');
  const named = program('my-chromium', 'exit 0');
  expect(findChromium({ PATH: folder, CHROMIUM_PATH: named })).toBe(named);
  expect(provideChromium({ PATH: folder, CHROMIUM_PATH: `${named}-not` }, debian, run)).toMatchObject({
    what: `CHROMIUM_PATH names ${named}-not, which is not there.`,
  });
});

test('root on Debian installs a missing Chromium without being asked anything', () => {
  const said = join(folder, 'said');
  program('apt-get', `echo "$DEBIAN_FRONTEND: $*" >> ${said}; case "$*" in *install*) : > ${folder}/chromium;; esac`);
  expect(provideChromium({ PATH: folder }, debian, run)).toBeUndefined();
  expect(spawnSync('cat', [said], { encoding: 'utf8' }).stdout.trim().split('\n')).toEqual([
    expect.stringMatching(/^noninteractive: .* update$/),
    expect.stringMatching(/^noninteractive: .* install -y --no-install-recommends chromium$/),
  ]);
});

test('an installation that fails, or leaves no Chromium, is told of', () => {
  program('apt-get', 'exit 100');
  expect(provideChromium({ PATH: folder }, debian, run)?.what).toBe('apt-get could not install chromium.');
  program('apt-get', 'exit 0');
  expect(provideChromium({ PATH: folder }, debian, run)?.what).toBe('apt-get could not install chromium.');
});

test('elsewhere, and without the right to install, it is said what to install', () => {
  const { next: elsewhere } = provideChromium({ PATH: folder }, { ...debian, isDebian: false }, run) ?? {};
  expect(elsewhere).toContain('install Chromium or Google Chrome');
  expect(elsewhere).toContain('CHROMIUM_PATH');
  const { next: notRoot } = provideChromium({ PATH: folder }, { ...debian, isRoot: false }, run) ?? {};
  expect(notRoot).toContain('sudo apt-get install --no-install-recommends chromium');
});
