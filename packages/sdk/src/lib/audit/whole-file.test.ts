import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { clearDrafts, createWhole } from './whole-file.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-whole-'));
  path = join(directory, 'file');
});

afterEach(() => rm(directory, { recursive: true }));

test('a file is made once, for its owner alone, and nothing else stays', async () => {
  expect(await createWhole(path, 'first')).toBe(true);
  expect(await createWhole(path, 'second')).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('first');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(directory)).toEqual(['file']);
});

test('of many that make it at once one does', async () => {
  const made = await Promise.all(Array.from({ length: 20 }, (_, index) => createWhole(path, `${index}`)));
  expect(made.filter(Boolean)).toHaveLength(1);
  expect(await readFile(path, 'utf8')).toBe(`${made.indexOf(true)}`);
});

test('where the file system has no links it is made all the same', async () => {
  const noLinks = () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' }));
  expect(await createWhole(path, 'first', noLinks)).toBe(true);
  expect(await createWhole(path, 'second', noLinks)).toBe(false);
  expect(await readFile(path, 'utf8')).toBe('first');
  expect(await readdir(directory)).toEqual(['file']);
});

test('drafts of the dead are cleared away, those of the living and the files of others stay', async () => {
  const { pid: dead } = spawnSync(process.execPath, ['--version']);
  const stay = [`file.${process.pid}-${randomUUID()}`, `file.${dead}-notes`, `other.${dead}-${randomUUID()}`];
  const names = [...stay, `file.${dead}-${randomUUID()}`];
  await Promise.all(names.map((name) => writeFile(join(directory, name), '')));
  await clearDrafts(path);
  expect((await readdir(directory)).toSorted()).toEqual(stay.toSorted());
});

test('a directory that is not there is told as it is', async () => {
  await expect(createWhole(join(directory, 'missing', 'file'), '')).rejects.toThrow('ENOENT');
});
