import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { type ChainHead, genesis, link } from './chain.ts';

const page = await readFile(new URL('../../../../../docs/audit-format.md', import.meta.url), 'utf8');
const verifier = /```js\n(.*?)```/s.exec(page)?.[1] ?? '';

/** Runs the checker that the page prints, as a reader would. */
function check(lines: readonly string[]) {
  const input = lines.map((line) => `${line}\n`).join('');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', verifier], {
    input,
  });
  return { status, stdout: String(stdout), stderr: String(stderr) };
}

function log(length: number): { readonly lines: string[]; readonly head: ChainHead } {
  let head = genesis;
  const lines = Array.from({ length }, (_, index) => {
    const { record, line } = link(
      {
        eventType: 'WEBMESSAGING_GUEST_FAILED',
        guestId: null,
        channelId: 'Größe "1" \\ 😀\u0001',
        consentTimestamp: null,
        captchaProvider: null,
        latencyMs: 1e21,
        successRate: 0.1,
        timestamp: '2024-01-15T10:30:01.000Z',
        attemptId: `att_${index}`,
        outcome: 'failed',
        code: 'forbidden',
        retries: 0,
        stages: { token: 1.5, payload: 1e-7 },
        correlationId: null,
        captcha: { verified: false, score: null },
      },
      head,
    );
    head = record;
    return line;
  });
  return { lines, head };
}

test('the checker on the page is short, and needs nothing but hashes', () => {
  expect(verifier.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  expect(verifier.match(/import .*/g)).toEqual(["import { createHash } from 'node:crypto';"]);
});

test('the checker on the page accepts what is written, and tells the head', () => {
  const { lines, head } = log(500);
  expect(check(lines)).toEqual({ status: 0, stdout: `500 records, head ${head.hash}\n`, stderr: '' });
});

test('the checker on the page names the first bad line', () => {
  const { lines } = log(6);
  const edited = lines.with(2, (lines[2] ?? '').replace('0.1', '0.2'));
  expect(check(edited)).toMatchObject({ status: 1, stderr: 'Line 3: was changed\n' });
  expect(check(lines.toSpliced(2, 1))).toMatchObject({ status: 1, stderr: 'Line 3: is not record 3\n' });
  expect(check(lines.with(3, lines[4] ?? '').with(4, lines[3] ?? ''))).toMatchObject({
    stderr: 'Line 4: is not record 4\n',
  });
  expect(check(lines.with(1, 'broken'))).toMatchObject({ status: 1, stderr: expect.stringMatching(/^Line 2: /) });
  const other = link({ ...JSON.parse(lines[1] ?? ''), hash: undefined }, { sequence: 1, hash: 'ab'.repeat(32) });
  expect(check(lines.with(1, other.line))).toMatchObject({ stderr: 'Line 2: does not follow the record before\n' });
});

test('the page names every member of a record', () => {
  const { lines } = log(1);
  const missing = Object.keys(JSON.parse(lines[0] ?? '')).filter((member) => !page.includes(`| \`${member}\` |`));
  expect(missing).toEqual([]);
});
