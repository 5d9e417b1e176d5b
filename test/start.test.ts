import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { testDatabase } from '@guestpass/gateway/testing';
import { createSimulator } from '@guestpass/simulator';
import type { GuestPass } from 'guestpass';
import { lockLog } from 'guestpass/audit';
import { connectSession } from 'guestpass/session';
import { expect, test } from 'vitest';
import { shareSimulator } from '../scripts/start/shared-simulator.ts';

const program = join(import.meta.dirname, '..', 'scripts', 'start.ts');

/** What `npm start` runs, in a directory of its own. */
interface Started extends AsyncDisposable {
  /** Resolves with the first line that matches, among those printed and those to come. */
  line(pattern: RegExp): Promise<string>;
  /** Asks it to read its configuration again. */
  reload(): void;
  /** Stops it as Ctrl-C does, and resolves with its exit code and signal. */
  stop(): Promise<unknown[]>;
}

interface Played extends Started {
  /** Presses keys, where it has a terminal. */
  press(keys: string): void;
  /** What it has printed. */
  readonly lines: readonly string[];
  /** Resolves with its exit code and signal. */
  readonly ended: Promise<unknown[]>;
}

/** Starts it, with pipes or at a terminal of its own, which `script` of the system gives. */
function start(directory: string, env: NodeJS.ProcessEnv, atTerminal = false): Played {
  const words = [process.execPath, '--conditions=guestpass-source', program];
  const [command = '', ...args] = atTerminal ? ['script', '-qec', words.join(' '), '/dev/null'] : words;
  const child = spawn(command, args, {
    cwd: directory,
    // Nobody is turned away because other tests have the processors.
    env: { GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000', ...(atTerminal && { PATH: process.env.PATH }), ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  if (!atTerminal) child.stdin.end();
  const ended = once(child, 'exit');
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const stop = () => {
    child.kill('SIGINT');
    return ended;
  };
  return {
    async line(pattern) {
      for (;;) {
        const found = lines.find((line) => pattern.test(line));
        if (found !== undefined) return found;
        await Promise.race([once(reader, 'line'), ended.then(() => expect.fail(`ended after\n${lines.join('\n')}`))]);
      }
    },
    reload: () => void child.kill('SIGHUP'),
    press: (keys) => void child.stdin.write(keys),
    lines,
    ended,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

/** Its address, once it is up and has let its own guest in. */
async function upAt(started: Started): Promise<string> {
  await started.line(/Ctrl-C stops/);
  return / gateway +(\S+)/.exec(await started.line(/✓ gateway/))?.[1] ?? '';
}

async function askIn(url: string): Promise<Response> {
  const consent = { accepted: true, timestamp: new Date().toISOString() };
  const captcha = { provider: 'recaptcha', response: `ok.start.${crypto.randomUUID()}`, score: 0.9 };
  return await fetch(`${url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: 'demo', consent, captcha }),
  });
}

test('who is let in by what `npm start` runs is answered, and may take leave', { timeout: 120_000 }, async () => {
  await using database = await testDatabase({ migrated: false });
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  await using started = start(directory, { GUESTPASS_DATABASE_URL: database.url, GUESTPASS_MASTER_KEY: masterKey });
  const answer = await askIn(await upAt(started));
  expect(answer.status).toBe(201);
  // A cast, because the gateway of this very program answers.
  const session = await connectSession((await answer.json()) as GuestPass);
  await session.send('hello');
  await expect.poll(() => session.transcript.at(-1)?.text).toBe('You said: hello');
  await session.send('End the conversation');
  await expect.poll(() => session.state).toBe('read-only');
  await session.close();
  await writeFile(join(directory, '.guestpass', 'operator-token'), `${'abcdefgh'.repeat(4)}\n`);
  started.reload();
  const log = () => readFile(join(directory, '.guestpass', 'gateway.log'), 'utf8');
  await expect
    .poll(log, { timeout: 5_000 })
    .toMatch(/"changed":\["GUESTPASS_OPERATOR_TOKEN"\].*"configuration reloaded"/);
  expect(await started.stop()).toEqual([0, null]);
  await rm(directory, { recursive: true });
});

test('at a terminal keys let guests in, bring a storm and quit; without one there are none', {
  timeout: 120_000,
}, async () => {
  await using database = await testDatabase({ migrated: false });
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  const masterKey = Buffer.alloc(32, 7).toString('base64');
  const env = { GUESTPASS_DATABASE_URL: database.url, GUESTPASS_MASTER_KEY: masterKey };
  {
    await using started = start(directory, env, true);
    await started.line(/Keys +o console .* q quit/);
    await started.line(/Ctrl-C stops/);
    started.press('t');
    await started.line(/✓ audit +#4 /);
    started.press('f');
    await started.line(/✓ storm/);
    started.press('r');
    await started.line(/✓ faults/);
    started.press('q');
    expect(await started.ended).toEqual([0, null]);
  }
  await using piped = start(directory, env);
  await piped.line(/Ctrl-C stops/);
  expect(piped.lines.filter((line) => line.includes('Keys'))).toEqual([]);
  await rm(directory, { recursive: true });
});

test('two that start in one directory at once share it, and one goes on alone', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  await using one = start(directory, {});
  await using other = start(directory, {});
  const both = [one, other];
  const urls = await Promise.all(both.map(upAt));
  expect(new Set(urls).size).toBe(2);
  const hasJoined = (await one.line(/✓ simulator/)).includes('joined');
  const [first, joined] = hasJoined ? [other, one] : [one, other];
  expect(await joined.line(/✓ simulator/)).toContain('joined');

  const chains = await Promise.all(both.map((started) => started.line(/✓ chain .* unbroken/)));
  expect(chains.some((line) => line.includes(' 4 records'))).toBe(true);
  expect(await first.stop()).toEqual([0, null]);
  await joined.line(/✓ simulator .* served from here now/);
  expect((await askIn(await upAt(joined))).status).toBe(201);
  expect(await joined.stop()).toEqual([0, null]);

  const kept = await readdir(join(directory, '.guestpass'));
  expect(kept.filter((name) => /^checkpoints.*\.jsonl$/.test(name))).toHaveLength(2);
  expect(kept.filter((name) => /lock|simulator/.test(name))).toEqual([]);
  expect(await readdir(join(directory, '.guestpass', 'postgres', 'cluster'))).not.toContain('postmaster.pid');
  await rm(directory, { recursive: true });
});

test('Ctrl-C while it starts leaves nothing behind that runs', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  await using started = start(directory, {});
  await started.line(/✓ simulator/);
  expect(await started.stop()).toEqual([130, null]);
  const kept = await readdir(join(directory, '.guestpass'));
  expect(kept.filter((name) => /lock|simulator/.test(name))).toEqual([]);
  expect(await readdir(join(directory, '.guestpass', 'postgres', 'cluster'))).not.toContain('postmaster.pid');
  await rm(directory, { recursive: true });
});

test('a simulator that does not answer is told with the process that has it', async () => {
  await using simulator = createSimulator();
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-start-'));
  const lock = await lockLog(join(directory, 'simulator'));
  await expect(shareSimulator(simulator, directory, () => {})).rejects.toMatchObject({
    code: 'storage_unavailable',
    message: expect.stringContaining(`process ${process.pid} on`),
  });
  await lock.release();

  const tellsNothing = () => {};
  const first = await shareSimulator(simulator, directory, tellsNothing);
  const second = await shareSimulator(simulator, directory, tellsNothing);
  expect([first.joined, second.joined, second.url]).toEqual([false, true, first.url]);
  await second[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  expect(await readdir(directory)).toEqual([]);
  await rm(directory, { recursive: true });
});
