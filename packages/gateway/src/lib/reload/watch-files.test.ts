import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from 'guestpass';
import { manualClock } from 'guestpass/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type WatchFilesOptions, watchFiles } from './watch-files.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guestpass-watch-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

const readFile = (path: string) => readFileSync(path, 'utf8');

/** Kubernetes puts new contents into a new folder and lets one link lead there. */
function mount(version: string, text: string): void {
  mkdirSync(join(folder, version));
  writeFileSync(join(folder, version, 'token'), text);
  symlinkSync(version, join(folder, '..data.new'));
  renameSync(join(folder, '..data.new'), join(folder, '..data'));
}

/** A watch by hand: events come when the test says so. */
function setUp(more: Partial<WatchFilesOptions> = {}) {
  const clock = manualClock();
  const path = join(folder, 'token');
  const watched = { folders: [] as string[], open: 0, changes: 0, event: () => {} };
  const watching = watchFiles({
    paths: () => [path],
    readFile,
    clock,
    onChange: () => {
      watched.changes += 1;
    },
    watchFolder(name, onEvent) {
      watched.folders.push(name);
      watched.open += 1;
      watched.event = onEvent;
      return {
        [Symbol.dispose]: () => {
          watched.open -= 1;
        },
      };
    },
    ...more,
  });
  return { clock, path, watched, watching };
}

test('a change is told once, when it has settled, however many events it made', async () => {
  writeFileSync(join(folder, 'token'), 'one');
  const { clock, path, watched, watching } = setUp();
  using _watching = watching;
  for (const text of ['', 't', 'two']) {
    writeFileSync(path, text);
    watched.event();
  }
  await clock.advance(999);
  expect(watched.changes).toBe(0);
  await clock.advance(1);
  expect(watched.changes).toBe(1);
  watched.event();
  await clock.advance(5_000);
  expect(watched.changes).toBe(1);
});

test('what is still being written when it is looked at is not told', async () => {
  writeFileSync(join(folder, 'token'), 'one');
  const { clock, path, watched, watching } = setUp();
  using _watching = watching;
  writeFileSync(path, 'tw');
  watched.event();
  await clock.advance(500);
  writeFileSync(path, 'two');
  await clock.advance(500);
  expect(watched.changes).toBe(0);
  await clock.advance(500);
  expect(watched.changes).toBe(1);
});

test('a file that is put back before anybody looked has not changed', async () => {
  writeFileSync(join(folder, 'token'), 'one');
  const { clock, path, watched, watching } = setUp();
  using _watching = watching;
  rmSync(path);
  watched.event();
  await clock.advance(100);
  writeFileSync(path, 'one');
  watched.event();
  await clock.advance(5_000);
  expect(watched.changes).toBe(0);
});

test('without any event a change is found by looking, a removal and a return included', async () => {
  writeFileSync(join(folder, 'token'), 'one');
  const { clock, path, watched, watching } = setUp();
  using _watching = watching;
  rmSync(path);
  await clock.advance(31_000);
  expect(watched.changes).toBe(1);
  writeFileSync(path, 'two');
  await clock.advance(31_000);
  expect(watched.changes).toBe(2);
});

test('a link that leads elsewhere is a change, and both folders are watched', async () => {
  mount('v1', 'one');
  symlinkSync(join('..data', 'token'), join(folder, 'token'));
  const { clock, watched, watching } = setUp();
  using _watching = watching;
  expect(watched.folders).toEqual([folder, join(folder, 'v1')]);
  mount('v2', 'two');
  watched.event();
  await clock.advance(1_000);
  expect(watched.changes).toBe(1);
  await clock.advance(30_000);
  expect(watched.folders.slice(-2)).toEqual([folder, join(folder, 'v2')]);
  expect(watched.open).toBe(2);
});

test('nothing is left open or waiting after the end', async () => {
  const { clock, watched, watching } = setUp();
  watched.event();
  watching[Symbol.dispose]();
  expect([clock.pending, watched.open]).toEqual([0, 0]);
});

test('the system tells of a file that is renamed over', async () => {
  writeFileSync(join(folder, 'token'), 'one');
  const changed = Promise.withResolvers<void>();
  const pollMs = 3_600_000;
  using _watching = watchFiles({
    paths: () => [join(folder, 'token')],
    readFile,
    clock: systemClock,
    onChange: changed.resolve,
    pollMs,
    settleMs: 1,
  });
  writeFileSync(join(folder, 'token.new'), 'two');
  renameSync(join(folder, 'token.new'), join(folder, 'token'));
  await changed.promise;
});

test('the system tells of a link of Kubernetes that leads elsewhere', async () => {
  mount('v1', 'one');
  symlinkSync(join('..data', 'token'), join(folder, 'token'));
  const changed = Promise.withResolvers<void>();
  using _watching = watchFiles({
    paths: () => [join(folder, 'token')],
    readFile,
    clock: systemClock,
    onChange: changed.resolve,
    pollMs: 3_600_000,
    settleMs: 1,
  });
  mount('v2', 'two');
  await changed.promise;
});

test('a folder that is not there yet is looked for from time to time', async () => {
  const path = join(folder, 'later', 'token');
  const changes: string[] = [];
  const clock = manualClock();
  const onChange = () => changes.push(readFile(path));
  using _watching = watchFiles({ paths: () => [path], readFile, clock, onChange });
  mkdirSync(join(folder, 'later'));
  writeFileSync(path, 'one');
  await clock.advance(31_000);
  expect(changes).toEqual(['one']);
});
