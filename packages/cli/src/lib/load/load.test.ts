import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { type Exchange, fetchExchange } from 'guestpass/http';
import { type ManualClock, manualClock } from 'guestpass/testing';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

let simulator: Simulator;
let clock: ManualClock;

// A command is loaded when it is asked for, which the clock of a test knows nothing of.
beforeAll(async () => {
  await Promise.all([import('./load.ts'), import('../terminal/tell-malfunction.ts')]);
});

beforeEach(() => {
  clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  simulator = createSimulator({ seed: 1, requestsPerMinute: 1_000_000, clock });
});

afterEach(async () => {
  await simulator[Symbol.asyncDispose]();
});

const guest = ['--channel', 'demo', '--consent'];
const env = { GUESTPASS_TARGET: 'simulator' };

const load = (argv: readonly string[], props: Props = {}) =>
  clock.settle(play(['load', ...guest, ...argv], { clock, exchange: fetchExchange(simulator.fetch), env, ...props }));

const report = (out: string) => JSON.parse(out);

test('as many guests come as were asked for, and are told by outcome and latency', async () => {
  const { code, out, err } = await load(['--rate', '50/s', '--for', '4s', '--ramp', '2s']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/guests +150 of 150 in 4 s, 37.5 a second\n {2}outcomes +150 admitted; errors 0%\n/);
  expect(out).toMatch(/latency +p50 [\d.]+ · p90 [\d.]+ · p95 [\d.]+ · p99 [\d.]+ · max [\d.]+ ms\n/);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 150, tokenRequests: 1 });
});

test('a payload nobody could come in with is told before anybody is tried', async () => {
  const { code, err } = await clock.settle(
    play(['load', '--rate', '50/s'], { clock, exchange: fetchExchange(simulator.fetch), env }),
  );
  expect({ code, asked: simulator.requests.length }).toEqual({ code: 2, asked: 0 });
  expect(err).toContain('every guest would be refused');
  expect(err).toContain('/channelId');
});

test('a load too short for a single guest is no load', async () => {
  expect(await load(['--rate', '1/m', '--for', '30s'])).toMatchObject({ code: 2, out: '' });
  expect((await load(['--for', '0s'])).err).toContain('is too short for a single guest');
});

test('who comes while nobody is answered is measured from when it was due', async () => {
  // The platform hangs for three seconds from the second on; guests keep coming.
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = async (request) => {
    const elapsed = clock.monotonic();
    if (elapsed >= 1_000 && elapsed < 4_000)
      await new Promise<void>((resolve) => void clock.after(4_000 - elapsed, resolve));
    return inside(request);
  };
  const { out } = await load(['--rate', '10/s', '--for', '5s', '--json'], { exchange });
  const { latencyMs, started } = report(out);
  expect(started).toBe(50);
  // Thirty of fifty met the pause, at all its lengths.
  expect(latencyMs.p50).toBeGreaterThan(300);
  expect(latencyMs.max).toBeGreaterThanOrEqual(2_900);
});

test('assertions that hold end with 0, ones that do not with 6, and both stand in the report', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-load-'));
  const junit = join(directory, 'out.xml');
  const good = await load(['--rate', '5/s', '--for', '2s', '--assert', 'p95<800ms,errors<1%', '--junit', junit]);
  expect(good.code).toBe(0);
  expect(good.out).toMatch(/\n✓ p95<800ms {3}\([\d.]+ ms\)\n✓ errors<1% {3}\(0%\)\n$/);
  expect(await readFile(junit, 'utf8')).toMatch(/<testsuite name="guestpass load" tests="2" failures="0"/);

  const bad = await load([
    '--rate',
    '5/s',
    '--for',
    '2s',
    '--assert',
    'rate>=100/s',
    '--assert',
    'max<=1s',
    '--junit',
    junit,
    '-q',
  ]);
  expect(bad).toMatchObject({ code: 6, out: expect.stringMatching(/^✗ rate>=100\/s {3}\(5\/s\)\n✓ max<=1s/) });
  const xml = await readFile(junit, 'utf8');
  expect(xml).toContain('name="rate&#62;=100/s"');
  expect(xml).toContain('<failure message="rate&#62;=100/s, and it was 5/s"/>');
  await rm(directory, { recursive: true });
});

test('a report that cannot be written is told before anybody is tried, and the one before stays', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-load-'));
  const { code, err } = await load(['--junit', join(directory, 'nowhere', 'out.xml')]);
  expect({ code, asked: simulator.requests.length }).toEqual({ code: 2, asked: 0 });
  expect(err).toMatch(/--junit +names a file that cannot be written \(ENOENT\)/);

  const junit = join(directory, 'out.xml');
  await writeFile(junit, 'of the run before');
  const broken: Exchange = async () => {
    throw new TypeError('broken');
  };
  expect((await load(['--junit', junit, '--fault', '429:5%'], { exchange: broken })).code).not.toBe(0);
  expect(await readFile(junit, 'utf8')).toBe('of the run before');
  await rm(directory, { recursive: true });
});

test('faults are met by a share of the guests, and are gone afterwards', async () => {
  const { code, out } = await load([
    '--rate',
    '50/s',
    '--for',
    '4s',
    '--fault',
    '400:10%',
    '--fault',
    '20ms:5%',
    '--json',
  ]);
  expect(code).toBe(0);
  const { outcomes, codes, errorPercent, faults } = report(out);
  expect(outcomes.failed).toBeGreaterThan(5);
  expect(outcomes.failed).toBeLessThan(50);
  expect(codes).toEqual({ request_rejected: outcomes.failed });
  expect(errorPercent).toBe(outcomes.failed / 2);
  expect(faults).toEqual(['400:10%', '20ms:5%']);
  expect(simulator.faults.list()).toEqual([]);
});

test('a real platform is held to its budget, and never given faults', async () => {
  const real = { GUESTPASS_ENVIRONMENT: 'usw2', GUESTPASS_CLIENT_ID: 'a', GUESTPASS_CLIENT_SECRET: 'b' };
  const above = await load(['--rate', '301/m'], { env: real });
  expect(above).toMatchObject({ code: 2, err: expect.stringContaining('300 calls a minute') });
  const faulty = await load(['--fault', '429:5%'], { env: real });
  expect(faulty).toMatchObject({ code: 2, err: expect.stringContaining('target simulator') });
  expect(simulator.requests).toEqual([]);
  const beyond = await load(['--rate', '400/m', '--for', '3s', '--unlimited', '--json'], { env: real });
  expect(report(beyond.out)).toMatchObject({ planned: 20, ended: 20, codes: { credentials_rejected: 20 } });
});

test('an interruption lets nobody come any more, and still tells what was measured', async () => {
  const user = new AbortController();
  clock.after(2_050, () => user.abort(new Error('interrupted')));
  const { code, out } = await load(['--rate', '10/s', '--for', '60s', '--json'], { signal: user.signal });
  expect(code).toBe(130);
  expect(report(out)).toMatchObject({ planned: 600, started: 20, ended: 20 });
});

test('each guest may have an answer of its own to the captcha', async () => {
  const answers = new Set<string>();
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = (request) => {
    if (request.url.endsWith('/guests')) answers.add(JSON.parse(String(request.body)).captcha.response);
    return inside(request);
  };
  const captcha = ['--captcha-provider', 'recaptcha', '--captcha-response', 'ok.{n}', '--captcha-score', '0.9'];
  await load(['--rate', '3/s', '--for', '1s', ...captcha], { exchange });
  expect([...answers]).toEqual(['ok.1', 'ok.2', 'ok.3']);
});

test.each([
  [['--rate', '50'], '50/s'],
  [['--for', 'long'], '5s'],
  [['--fault', '429:0%'], '429:5%'],
  [['--fault', 'boom:5%'], '429:5%'],
  [['--assert', 'p95<800'], 'needs the unit ms or s'],
  [['--assert', 'p42<1s'], 'name one of'],
  [['--assert', 'admitted>5ms'], 'takes no unit'],
])('what cannot be meant is told: %j', async (argv, wanted) => {
  expect(await load(argv)).toMatchObject({ code: 2, err: expect.stringContaining(wanted) });
});
