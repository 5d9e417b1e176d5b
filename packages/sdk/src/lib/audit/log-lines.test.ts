import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { longestLine } from './chain.ts';
import { readAuditLines, readLogLines } from './log-lines.ts';

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-lines-'));
  path = join(directory, 'log.jsonl');
});

afterEach(() => rm(directory, { recursive: true }));

const linesOf = async (content: string | Uint8Array) => {
  await writeFile(path, content);
  return await Array.fromAsync(readAuditLines(path));
};

test('the lines of a file come back as they were written, also across the edges of what is read at once', async () => {
  const line = fc.string({ unit: 'binary', maxLength: 2_000, size: 'max' }).map((text) => text.replaceAll('\n', ''));
  const many = fc.array(line, { minLength: 1, maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(many, async (lines) => {
      expect(await linesOf(`${lines.join('\n')}\n`)).toEqual(lines);
    }),
    { numRuns: 30 },
  );
});

test('each line says where it stands, and whether it has an end', async () => {
  await writeFile(path, 'a\n\né\nrest');
  expect(await Array.fromAsync(readLogLines(path))).toEqual([
    { text: 'a', start: 0, end: 2, complete: true },
    { text: '', start: 2, end: 3, complete: true },
    { text: 'é', start: 3, end: 6, complete: true },
    { text: 'rest', start: 6, end: 10, complete: false },
  ]);
});

test('an empty file has no lines', async () => {
  expect(await linesOf('')).toEqual([]);
});

test('a line beyond the bound is cut short, and the next one is whole', async () => {
  const [long, next] = await linesOf(`${'x'.repeat(3 * longestLine)}\nnext\n`);
  expect(long?.length).toBe(longestLine + 1);
  expect(next).toBe('next');
  expect((await linesOf('y'.repeat(longestLine)))[0]?.length).toBe(longestLine);
});

test('bytes that are not UTF-8 never read as the replacement character', async () => {
  expect(await linesOf(Buffer.from([0x22, 0xff, 0x22, 0x0a]))).toEqual(['"ÿ"']);
});

test('a reader that stops early leaves no file open', async () => {
  await writeFile(path, 'a\nb\n');
  const lines = readAuditLines(path);
  expect((await lines.next()).value).toBe('a');
  await lines.return();
  expect((await lines.next()).done).toBe(true);
});
