import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ChainHead, genesis, link } from './chain.ts';
import { hashOfCheckpoint, noCheckpoint, signCheckpoint } from './checkpoint.ts';
import { generateCheckpointKey } from './checkpoint-keys.ts';

const page = await readFile(new URL('../../../../../docs/audit-format.md', import.meta.url), 'utf8');
const [verifier = '', checkpointVerifier = ''] = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code);

/** Runs the checker that the page prints, as a reader would. */
function check(lines: readonly string[]) {
  const input = lines.map((line) => `${line}\n`).join('');
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', verifier], {
    input,
  });
  return { status, stdout: String(stdout), stderr: String(stderr) };
}

/** Runs the checker of checkpoints that the page prints, on files with these lines. */
async function checkCheckpoints(lines: readonly string[], checkpoints: readonly string[], pem: string) {
  const folder = await mkdtemp(join(tmpdir(), 'guestpass-format-'));
  try {
    const paths = ['audit.jsonl', 'checkpoints.jsonl', 'key.pub'].map((name) => join(folder, name));
    const texts = [...[lines, checkpoints].map((text) => text.map((line) => `${line}\n`).join('')), pem];
    await Promise.all(paths.map((path, index) => writeFile(path, texts[index] ?? '')));
    const { status, stdout, stderr } = spawnSync(process.execPath, [
      '--input-type=module',
      '--eval',
      checkpointVerifier,
      ...paths,
    ]);
    return { status, stdout: String(stdout), stderr: String(stderr) };
  } finally {
    await rm(folder, { recursive: true });
  }
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

test('the checker of checkpoints on the page finds what checkpoints are for', async () => {
  const key = generateCheckpointKey();
  const pem = key.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const timestamp = '2024-01-15T10:30:01.000Z';
  const { lines } = log(6);
  const checkpoints: string[] = [];
  for (const sequence of [0, 2, 5]) {
    const hash = sequence === 0 ? genesis.hash : String(JSON.parse(lines[sequence - 1] ?? '').hash);
    const before = checkpoints.at(-1);
    const previous = before === undefined ? noCheckpoint : hashOfCheckpoint(before);
    checkpoints.push(signCheckpoint({ origin: 'Größe', sequence, hash, timestamp, previous }, key).line);
  }
  const run = (text: readonly string[], others: readonly string[] = checkpoints) => checkCheckpoints(text, others, pem);
  expect(await run(lines)).toEqual({ status: 0, stdout: 'every checkpoint was met\n', stderr: '' });
  expect(await run(lines.slice(0, 4))).toMatchObject({ stderr: 'Checkpoint 3: names a record that is gone\n' });
  const forged = link({ ...JSON.parse(lines[1] ?? ''), attemptId: 'att_forged' }, genesis).line;
  expect(await run(lines.with(1, forged))).toMatchObject({ stderr: 'Checkpoint 2: names another record\n' });
  expect(await run(lines, checkpoints.toSpliced(1, 1))).toMatchObject({
    stderr: 'Checkpoint 2: does not follow the one before\n',
  });
  const edited = checkpoints.with(1, (checkpoints[1] ?? '').replace('"sequence":2', '"sequence":3'));
  expect(await run(lines, edited)).toMatchObject({ status: 1, stderr: 'Checkpoint 2: is not what was signed\n' });
});

test('the page names every member of a record', () => {
  const { lines } = log(1);
  const missing = Object.keys(JSON.parse(lines[0] ?? '')).filter((member) => !page.includes(`| \`${member}\` |`));
  expect(missing).toEqual([]);
});
