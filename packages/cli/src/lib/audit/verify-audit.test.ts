import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator } from '@guestpass/simulator';
import { fetchExchange } from 'guestpass/http';
import { expect, test } from 'vitest';
import { play } from '../testing/play.ts';

/** An audit log of two guests, written by the command itself. */
async function auditedGuests() {
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-cli-'));
  const path = join(folder, 'audit.jsonl');
  await using simulator = createSimulator({ seed: 1 });
  const props = { env: { GUESTPASS_TARGET: 'simulator' }, exchange: fetchExchange(simulator.fetch) };
  const guest = ['auth', '--channel', 'demo', '--consent', '--audit-file', path];
  const codes = [
    (await play(guest, props)).code,
    (await play(['auth', '--channel', 'demo', '--audit-file', path], props)).code,
  ];
  return { path, codes, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test('each guest leaves its records, and the whole log is found good', async () => {
  await using log = await auditedGuests();
  expect(log.codes).toEqual([0, 3]);
  const text = await readFile(log.path, 'utf8');
  const events = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).eventType);
  expect(events).toContain('WEBMESSAGING_GUEST_AUTHENTICATED');
  expect(events).toContain('WEBMESSAGING_GUEST_REFUSED');

  const { code, out, err } = await play(['audit', 'verify', log.path]);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain(`The audit log is whole: ${events.length} records.`);
  const head = /head {2}(\S+)/.exec(out)?.[1] ?? '';
  expect((await play(['audit', 'verify', log.path, '--head', head, '-q'])).code).toBe(0);
});

test('a record that was edited is named, and the command ends with 6', async () => {
  await using log = await auditedGuests();
  const text = await readFile(log.path, 'utf8');
  await writeFile(log.path, text.replace('"channelId":"demo"', '"channelId":"other"'));
  const { code, out, err } = await play(['audit', 'verify', log.path]);
  expect({ code, out }).toEqual({ code: 6, out: '' });
  expect(err).toContain('record 1 on line 1: edited.');
  expect(JSON.parse((await play(['audit', 'verify', log.path, '--json'])).out)).toMatchObject({
    ok: false,
    sequence: 1,
  });
});

test('a log cut off shows against a head kept elsewhere', async () => {
  await using log = await auditedGuests();
  const { head } = JSON.parse((await play(['audit', 'verify', log.path, '--json'])).out);
  const [first] = (await readFile(log.path, 'utf8')).split('\n');
  await writeFile(log.path, `${first}\n`);
  expect((await play(['audit', 'verify', log.path])).code).toBe(0);
  const { code, err } = await play(['audit', 'verify', log.path, '--head', `${head.sequence}:${head.hash}`]);
  expect(code).toBe(6);
  expect(err).toContain('truncated');
});

test('no log and no head are bad usage', async () => {
  expect(await play(['audit', 'verify', '/nowhere/audit.jsonl'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('(ENOENT)'),
  });
  expect(await play(['audit', 'verify', '/nowhere', '--head', 'x'])).toMatchObject({
    code: 2,
    err: expect.stringContaining('64 hexadecimal digits'),
  });
});
