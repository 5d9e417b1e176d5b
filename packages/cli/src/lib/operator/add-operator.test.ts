import { hash } from 'node:crypto';
import { chmod, chown, lstat, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseOperators } from '@guestpass/gateway/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { play } from '../testing/play.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guestpass-operators-'));
});

afterEach(() => rm(folder, { recursive: true }));

const add = (name: string, role: string, ...more: readonly string[]) =>
  play(['operator', 'add', '--name', name, '--role', role, ...more]);

test('the token is printed once, beside an entry that holds its hash alone', async () => {
  const { code, out, err } = await add('ana', 'auditor');
  expect([code, err]).toEqual([0, '']);
  const token = /token +(\S+)/.exec(out)?.[1] ?? '';
  expect(token).toMatch(/^[\w-]{43}$/);
  expect(JSON.parse(/entry +(\S+)/.exec(out)?.[1] ?? '')).toEqual({
    name: 'ana',
    role: 'auditor',
    tokenSha256: hash('sha256', token),
  });
  expect(out.split(token)).toHaveLength(2);
});

test('a file of operators is made and added to, and other tools are told the same', async () => {
  const file = join(folder, 'operators.json');
  const { out } = await add('ana', 'auditor', '--file', file, '--quiet');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const files = { [file]: await readFile(file, 'utf8') };
  const second = await play(['operator', 'add', '--name', 'ben', '--role', 'admin', '--file', file, '--json'], {
    files,
  });
  const { token, entry } = JSON.parse(second.out);
  expect(entry).toEqual({ name: 'ben', role: 'admin', tokenSha256: hash('sha256', token) });
  const written = parseOperators(await readFile(file, 'utf8'));
  expect(written).toEqual({
    operators: [{ name: 'ana', role: 'auditor', tokenSha256: hash('sha256', out.trim()) }, entry],
  });
  expect(await readdir(folder)).toEqual(['operators.json']);
});

test('a file behind a link is written where it is, for those who could read it before', async () => {
  const [file, link] = [join(folder, 'operators.json'), join(folder, 'link.json')];
  const ana = JSON.stringify([{ name: 'ana', role: 'viewer', tokenSha256: 'a'.repeat(64) }]);
  await writeFile(file, ana);
  await chmod(file, 0o666);
  // Only root can give a file away; for others it stays theirs.
  await chown(file, 4711, 4711).catch(() => {});
  await symlink('operators.json', link);
  const before = await stat(file);
  const argv = ['operator', 'add', '--name', 'ben', '--role', 'viewer', '--file', link];
  expect(await play(argv, { files: { [link]: ana } })).toMatchObject({ code: 0 });
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(file, 'utf8')).toContain('ben');
  const { mode, uid, gid } = await stat(file);
  expect({ mode, uid, gid }).toEqual({ mode: before.mode, uid: before.uid, gid: before.gid });
});

test('a name that is taken, or a file that holds something else, is told and nothing is written', async () => {
  const file = join(folder, 'operators.json');
  const ana = JSON.stringify([{ name: 'ana', role: 'viewer', tokenSha256: 'a'.repeat(64) }]);
  await writeFile(file, ana);
  const props = { files: { [file]: ana } };
  const argv = ['operator', 'add', '--name', 'Ana', '--role', 'admin', '--file', file];
  expect(await play(argv, props)).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('is the name of /0'),
  });
  expect(await readFile(file, 'utf8')).toBe(ana);
  const odd = await play(argv, { files: { [file]: '{"canary":1}' } });
  expect(odd).toMatchObject({ code: 2, err: expect.stringContaining('must be an array') });
  expect(odd.err).not.toContain('canary');
  expect(await add('ana', 'viewer', '--file', join(folder, 'no', 'operators.json'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('cannot be written (ENOENT)'),
  });
});

test.each([
  [['--name', 'ana', '--role', 'boss'], 'Allowed choices are viewer, auditor, operator, admin'],
  [['--role', 'viewer'], '--name'],
  [['--name', 'operator', '--role', 'viewer'], 'is the name of whoever has GUESTPASS_OPERATOR_TOKEN'],
])('%j is bad usage', async (flags, told) => {
  expect(await play(['operator', 'add', ...flags])).toMatchObject({ code: 2, err: expect.stringContaining(told) });
});
