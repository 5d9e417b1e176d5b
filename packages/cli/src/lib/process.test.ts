import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createSimulator } from '@guestpass/simulator';
import { generateWebhookSecret } from 'guestpass/webhook';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../bin/guestpass.js', import.meta.url));

/** Runs the installed command as a process of its own, with this environment and nothing else. */
function start(argv: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [program, ...argv], { env, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function ending(child: ChildProcess) {
  if (!child.stdout || !child.stderr) throw new Error('The streams of the child are pipes.');
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
}

test('the command lets a guest in over real sockets, with the payload piped in', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  const child = start(['authenticate', '--payload', '-'], {
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_ENVIRONMENT: url,
  });
  const consent = { accepted: true, timestamp: '2024-01-15T10:30:00Z' };
  child.stdin?.end(JSON.stringify({ channelId: 'demo', consent }));
  const { out, err, code } = await ending(child);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/\nAuthentication complete. Guest ID: \S+\nCurrent success rate: 100%\n$/);
});

test('a failure ends the process with its code', async () => {
  const { out, err, code } = await ending(start(['authenticate']));
  expect({ out, code }).toEqual({ out: '', code: 2 });
  expect(err).toContain('GUESTPASS_TARGET=simulator');
});

test('the simulator ends cleanly when it is interrupted', async () => {
  const child = start(['simulate', '--port', '0']);
  child.stdout?.once('data', () => child.kill('SIGINT'));
  const { out, code } = await ending(child);
  expect(code).toBe(0);
  expect(out).toContain('Simulated Genesys Cloud');
});

test('an attempt that is interrupted ends with 130', async () => {
  await using simulator = createSimulator({ seed: 1 });
  simulator.faults.add({ operation: 'guest', stall: true });
  const { url } = await simulator.listen();
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url };
  const child = start(['auth', '--channel', 'demo', '--consent', '-v'], env);
  child.stderr?.once('data', () => child.kill('SIGINT'));
  expect(await ending(child)).toMatchObject({ code: 130, out: '' });
});

test('a talk over a pipe ends with the pipe, and leaves nothing open', async () => {
  await using simulator = createSimulator({ seed: 1, botDelayMs: 1 });
  const { url } = await simulator.listen();
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url, GUESTPASS_ISSUER: 'web-messaging' };
  const child = start(['chat', '--channel', 'demo', '--consent', '-q'], env);
  child.stdin?.end('hello\nbye\n');
  const { out, err, code } = await ending(child);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toBe('you: hello\nbot: Echo: hello\nyou: bye\nbot: Echo: bye\n');
});

test('a talk that is interrupted ends with 130', async () => {
  await using simulator = createSimulator({ seed: 1, bot: 'none' });
  const { url } = await simulator.listen();
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url, GUESTPASS_ISSUER: 'web-messaging' };
  const child = start(['chat', '--channel', 'demo', '--consent', '-q'], env);
  child.stdin?.write('hello\n');
  child.stdout?.once('data', () => child.kill('SIGINT'));
  expect(await ending(child)).toMatchObject({ code: 130, out: 'you: hello\n' });
});

test('a batch that is killed goes on where it stood, and no guest is made twice', async () => {
  await using simulator = createSimulator({ seed: 1, requestsPerMinute: 10_000 });
  const { url } = await simulator.listen();
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-batch-'));
  const file = join(directory, 'guests.ndjson');
  const guest = { channelId: 'demo', consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' } };
  await writeFile(file, `${JSON.stringify(guest)}\n`.repeat(300));
  const env = {
    GUESTPASS_TARGET: 'simulator',
    GUESTPASS_ENVIRONMENT: url,
    GUESTPASS_REQUESTS_PER_MINUTE: '100000',
  };
  const killed = start(['batch', file, '-q'], env);
  killed.stdout?.once('data', () => killed.kill('SIGKILL'));
  await ending(killed);
  const { code, out } = await ending(start(['batch', file, '--resume'], env));
  const outcomes = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).outcome);
  const inDoubt = outcomes.filter((outcome) => outcome === 'unknown').length;
  expect(inDoubt).toBeLessThanOrEqual(4);
  expect(code).toBe(inDoubt === 0 ? 0 : 5);
  const made = simulator.stats().guestsCreated;
  expect(made).toBeGreaterThanOrEqual(300 - inDoubt);
  expect(made).toBeLessThanOrEqual(300);
  await rm(directory, { recursive: true });
});

test('listening ends when nobody reads what is heard', async () => {
  const secret = generateWebhookSecret();
  const child = start(['listen', '--port', '0'], { GUESTPASS_WEBHOOK_SECRET: secret });
  const [welcome] = child.stderr ? await once(child.stderr, 'data') : [];
  const [url = ''] = /http:\S+\d/.exec(String(welcome)) ?? [];
  child.stdout?.destroy();
  const ended = once(child, 'exit');
  await fetch(url, { method: 'POST', body: '{}' });
  expect(await ended).toEqual([0, null]);
});
