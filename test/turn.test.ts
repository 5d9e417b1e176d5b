import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'guestpass-turn-'));
  file = join(folder, 'new', 'turn');
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A process that takes the turn, does its work, and ends. */
function process(work: string): ChildProcess {
  const module = JSON.stringify(new URL('../scripts/turn.js', import.meta.url).href);
  const program = `
    import { rmSync, writeFileSync } from 'node:fs';
    import { takeTurn } from ${module};
    const mark = ${JSON.stringify(join(folder, 'mark'))};
    const end = takeTurn(${JSON.stringify(file)}, (pid) => process.stdout.write('waits for ' + pid));
    ${work}`;
  return spawn(globalThis.process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Ends with 1 when somebody else is at it. */
const alone = "writeFileSync(mark, '', { flag: 'wx' }); rmSync(mark);";
const forGood = "process.stdout.write('has it'); process.stdin.resume();";

test('of processes that come at once each has the turn alone, and nothing is left of it', async () => {
  const ends = [`${alone} end();`, alone, `${alone} process.exit();`, `${alone} end(); end();`];
  const codes = await Promise.all(ends.map(async (work) => (await once(process(work), 'exit'))[0]));
  expect(codes).toEqual([0, 0, 0, 0]);
  expect(readdirSync(join(folder, 'new'))).toEqual([]);
});

test('who waits is told for whom, and has the turn when that process is killed', async () => {
  const first = process(forGood);
  await once(first.stdout ?? expect.fail(), 'data');
  const second = process('');
  expect(String((await once(second.stdout ?? expect.fail(), 'data'))[0])).toBe(`waits for ${first.pid}`);
  first.kill('SIGKILL');
  expect(await once(second, 'exit')).toEqual([0, null]);
  expect(readdirSync(join(folder, 'new'))).toEqual([]);
});

test('a process that has the number of a dead one is not taken for it', async () => {
  file = join(folder, 'turn');
  const other = process('end(); process.stdin.resume();');
  writeFileSync(file, `${other.pid} 1`);
  expect(await once(process(alone), 'exit')).toEqual([0, null]);
  other.stdin?.end();
  await once(other, 'exit');
});

test('where no turn can be taken nobody waits', async () => {
  writeFileSync(join(folder, 'new'), 'a file');
  expect(await once(process(alone), 'exit')).toEqual([0, null]);
});
