import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { type Exchange, fetchExchange } from 'guestpass/http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';
import { lineFields } from './line-fields.ts';

let simulator: Simulator;
let directory: string;
let file: string;

beforeEach(async () => {
  simulator = createSimulator({ seed: 1, requestsPerMinute: 10_000 });
  directory = await mkdtemp(join(tmpdir(), 'guestpass-batch-'));
  file = join(directory, 'guests.ndjson');
});

afterEach(async () => {
  await simulator[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const consent = { accepted: true, timestamp: '2024-01-15T10:30:00Z' };
const guest = (more: object = {}) => `${JSON.stringify({ channelId: 'demo', consent, ...more })}\n`;

interface Result {
  readonly line: number;
  readonly outcome: string;
  readonly error?: { readonly code: string };
}

async function batch(argv: readonly string[], props: Props = {}) {
  const exchange = props.exchange ?? fetchExchange(simulator.fetch);
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_REQUESTS_PER_MINUTE: '100000' };
  const played = await play(['batch', ...argv], { env, ...props, exchange });
  const results: Result[] = played.out.split('\n').flatMap((line) => (line.startsWith('{') ? JSON.parse(line) : []));
  return { ...played, results };
}

const byLine = (results: readonly Result[]) =>
  results
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, outcome, error }) => [line, outcome, ...(error ? [error.code] : [])]);

test('each line is a guest or a fault of its own, and the worst one decides the exit code', async () => {
  const lines = [guest(), '\n', 'not json hunter2\n', guest({ consent: { ...consent, accepted: false } }), guest()];
  await writeFile(file, `${lines.join('')}${guest({ channelId: 'sms' }).trim()}`);
  const { code, err, out, results } = await batch([file]);
  expect(byLine(results)).toEqual([
    [1, 'admitted'],
    [3, 'refused', 'body_invalid'],
    [4, 'refused', 'consent_required'],
    [5, 'admitted'],
    [6, 'failed', 'request_rejected'],
  ]);
  expect(code).toBe(1);
  expect(err).toBe('2 admitted, 2 refused, 1 failed\n');
  expect(out).not.toContain('hunter2');
  expect(simulator.stats()).toMatchObject({ guestsCreated: 2 });
});

test('standard input is read as it comes, and needs no journal', async () => {
  const { code, results } = await batch(['-q'], { stdin: `\ufeff${guest()}${guest().trim()}\r\n` });
  expect({ code, lines: byLine(results) }).toEqual({
    code: 0,
    lines: [
      [1, 'admitted'],
      [2, 'admitted'],
    ],
  });
});

test('tokens are shortened unless asked for, and never stand in the journal', async () => {
  await writeFile(file, guest());
  const { out } = await batch([file, '--show-token']);
  const { sessionToken } = JSON.parse(out).guestPass;
  expect(sessionToken.length).toBeGreaterThan(16);
  expect(await readFile(`${file}.journal`, 'utf8')).not.toContain(sessionToken);
  const { out: shortened } = await batch(['-'], { stdin: guest() });
  expect(JSON.parse(shortened).guestPass.sessionToken).toMatch(/^….{4}$/);
});

test('a table is read with quotes, line breaks and empty cells, and a bad row is told', async () => {
  const table = [
    'channelId,consent.accepted,consent.timestamp,captcha.provider,captcha.response,captcha.score,attributes.note',
    'demo,true,2024-01-15T10:30:00Z,recaptcha,answer,0.9,"says ""hi"", and leaves"',
    'demo,true,2024-01-15T10:30:00Z,,,,"two',
    'lines"',
    'demo,true,2024-01-15T10:30:00Z,,,,',
    'demo,yes,2024-01-15T10:30:00Z,,,,',
    'demo,true',
    'demo,tr"ue,2024-01-15T10:30:00Z,,"",,',
  ];
  const path = join(directory, 'guests.csv');
  await writeFile(path, `${table.join('\r\n')}\r\n`);
  const sent: unknown[] = [];
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = (request) => {
    if (request.url.endsWith('/guests')) sent.push(JSON.parse(String(request.body)));
    return inside(request);
  };
  const { code, results } = await batch([path, '--concurrency', '1'], { exchange });
  expect(byLine(results)).toEqual([
    [2, 'admitted'],
    [3, 'refused', 'payload_invalid'],
    [5, 'admitted'],
    [6, 'refused', 'payload_invalid'],
    [7, 'refused', 'body_invalid'],
    [8, 'refused', 'body_invalid'],
  ]);
  expect(code).toBe(2);
  expect(sent[0]).toMatchObject({ captcha: { score: 0.9 }, attributes: { note: 'says "hi", and leaves' } });
  expect(sent[1]).not.toHaveProperty('captcha');
});

test('a table with a column that means nothing is not begun', async () => {
  const { code, out, err } = await batch(['--format', 'csv'], { stdin: 'channelId,consnet\ndemo,true\n' });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('has the column consnet');
});

test('a line that is too long or no UTF-8 is one fault, and the next is read', async () => {
  const bytes = Buffer.concat([
    Buffer.alloc(2_000_000, 'a'),
    Buffer.from('\n'),
    Buffer.from([0xff, 0x0a]),
    Buffer.from(guest()),
  ]);
  await writeFile(file, bytes);
  const { results } = await batch([file]);
  expect(byLine(results)).toEqual([
    [1, 'refused', 'body_invalid'],
    [2, 'refused', 'body_invalid'],
    [3, 'admitted'],
  ]);
});

test('an interruption lets guests under way in, and resuming repeats none and loses none', async () => {
  await writeFile(file, guest().repeat(20));
  const user = new AbortController();
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = (request) => {
    if (simulator.stats().guestsCreated === 4) user.abort(new Error('interrupted'));
    return inside(request);
  };
  const first = await batch([file, '--concurrency', '2'], { exchange, signal: user.signal });
  expect(first.code).toBe(130);
  expect(first.err).toContain('ended before the end; go on with --resume');
  expect(first.results.length).toBeLessThan(20);
  expect(first.results.length).toBe(simulator.stats().guestsCreated);

  expect(await batch([file])).toMatchObject({
    code: 2,
    err: expect.stringContaining(`${file}.journal  is there already`),
  });
  const second = await batch([file, '--resume']);
  expect(second.code).toBe(0);
  expect(second.err).toBe(`${20 - first.results.length} admitted, ${first.results.length} done before\n`);
  const lines = [...first.results, ...second.results].map(({ line }) => line).toSorted((a, b) => a - b);
  expect(lines).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  expect(simulator.stats()).toMatchObject({ guestsCreated: 20 });
});

test('a line that a crash left open is told as unknown, and sent again only when told to, under the same key', async () => {
  const keys: string[] = [];
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = (request) => {
    const key = request.headers['idempotency-key'];
    if (key !== undefined) keys.push(key);
    return inside(request);
  };
  await writeFile(file, `${guest()}${guest({ attributes: { n: 2 } })}`);
  await batch([file, '--concurrency', '1'], { exchange });
  // What a crash after the answer leaves: line 2 was begun, and half of its end was written.
  const journal = await readFile(`${file}.journal`, 'utf8');
  const crashed = journal.slice(0, -20);
  await writeFile(`${file}.journal`, crashed);
  const resumed = await batch([file, '--resume'], { exchange });
  expect(byLine(resumed.results)).toEqual([[2, 'unknown', 'outcome_unknown']]);
  expect(resumed.code).toBe(5);

  await writeFile(`${file}.journal`, crashed);
  const repeated = await batch([file, '--resume', '--repeat-unknown'], { exchange });
  expect(byLine(repeated.results)).toEqual([[2, 'admitted']]);
  expect(keys).toHaveLength(3);
  expect(keys[2]).toBe(keys[1]);
  expect(keys[1]).not.toBe(keys[0]);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 2, replayed: 1 });
});

test('a line that was told as unknown is sent again as soon as that is wanted, and then is unknown no more', async () => {
  await writeFile(file, guest());
  await batch([file]);
  const journal = await readFile(`${file}.journal`, 'utf8');
  await writeFile(`${file}.journal`, journal.slice(0, -20));
  expect((await batch([file, '--resume'])).code).toBe(5);
  expect(await batch([file, '--resume'])).toMatchObject({ code: 5, out: '', err: '0 admitted, 1 done before\n' });
  const repeated = await batch([file, '--resume', '--repeat-unknown']);
  expect({ code: repeated.code, lines: byLine(repeated.results) }).toEqual({ code: 0, lines: [[1, 'admitted']] });
  expect(simulator.stats()).toMatchObject({ guestsCreated: 1, replayed: 1 });
  expect(await batch([file, '--resume', '--repeat-unknown'])).toMatchObject({ code: 0, out: '' });
});

test('two batches never write one journal', async () => {
  await writeFile(file, guest());
  const [entered, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const inside = fetchExchange(simulator.fetch);
  const exchange: Exchange = async (request) => {
    entered.resolve();
    await gate.promise;
    return inside(request);
  };
  const first = batch([file], { exchange });
  await entered.promise;
  const second = await batch([file, '--resume']);
  expect(second).toMatchObject({
    out: '',
    err: expect.stringContaining(`The file ${file}.journal is being written by`),
  });
  expect(second.code).not.toBe(0);
  gate.resolve();
  expect((await first).code).toBe(0);
  expect(simulator.stats()).toMatchObject({ guestsCreated: 1, replayed: 0 });
});

test('a crash before the first line of the journal was whole leaves nothing to be done but to go on', async () => {
  await writeFile(file, guest());
  await batch([file]);
  const begun = (await readFile(`${file}.journal`, 'utf8')).slice(0, 40);
  for (const rest of ['', '{"jour', begun]) {
    await writeFile(`${file}.journal`, rest);
    expect(byLine((await batch([file, '--resume'])).results)).toEqual([[1, 'admitted']]);
    expect(await batch([file, '--resume'])).toMatchObject({ code: 0, out: '' });
  }
  await writeFile(`${file}.journal`, 'notes of mine');
  expect((await batch([file, '--resume'])).err).toContain('is no journal of a batch');
  expect(await readFile(`${file}.journal`, 'utf8')).toBe('notes of mine');
});

test('an input that cannot be read leaves no journal behind', async () => {
  const absent = join(directory, 'absent.ndjson');
  expect(await batch([absent])).toMatchObject({ code: 2, err: expect.stringContaining('(ENOENT)') });
  const folder = join(directory, 'folder');
  await mkdir(folder);
  expect(await batch([folder])).toMatchObject({ code: 2, err: expect.stringContaining('(EISDIR)') });
  expect(await readdir(directory)).toEqual(['folder']);
});

test('what failed before still decides the exit code of a batch that goes on', async () => {
  await writeFile(file, `${guest({ channelId: 'disabled' })}${guest()}`);
  expect((await batch([file])).code).toBe(4);
  expect(await batch([file, '--resume'])).toMatchObject({ code: 4, err: '0 admitted, 2 done before\n', out: '' });
});

test('another file under the same journal is refused', async () => {
  await writeFile(file, guest());
  await batch([file]);
  await writeFile(file, guest({ attributes: { changed: true } }));
  const { code, err } = await batch([file, '--resume']);
  expect(code).toBe(2);
  expect(err).toContain('another text on line 1');
});

test('a journal that is none, or cannot be written, begins nothing', async () => {
  await writeFile(file, guest());
  const other = await batch([file, '--resume', '--journal', file]);
  expect(other).toMatchObject({ code: 2, err: expect.stringContaining('is no journal of a batch') });
  const nowhere = await batch([file, '--journal', join(directory, 'none', 'j')]);
  expect(nowhere).toMatchObject({ code: 2, err: expect.stringContaining('(ENOENT)') });
  expect(await batch(['--resume'])).toMatchObject({ code: 2, err: expect.stringContaining('needs --journal') });
  expect(await batch([join(directory, 'none')])).toMatchObject({ code: 2, err: expect.stringContaining('(ENOENT)') });
  expect(simulator.requests).toEqual([]);
});

test('the secret and the guests cannot both come from standard input', async () => {
  const { code, err } = await batch(['--client-secret-stdin']);
  expect({ code, err: err.includes('does not go with guests') }).toEqual({ code: 2, err: true });
});

test('each guest of a batch is on record', async () => {
  await writeFile(file, guest().repeat(2));
  const log = join(directory, 'audit.jsonl');
  expect((await batch([file, '--audit-file', log])).code).toBe(0);
  expect((await play(['audit', 'verify', log])).out).toContain('4 records');
});

test('a reader of the results that is slow makes the batch wait, and not grow', async () => {
  await writeFile(file, guest().repeat(6));
  const gates: (() => void)[] = [];
  const room = () => new Promise<void>((resolve) => void gates.push(resolve));
  let told = 0;
  const onOut = (out: string) => {
    told = out.split('\n').length - 1;
  };
  const running = batch([file, '--concurrency', '2'], { room, onOut });
  for (let opened = 0; opened < 6; opened += 1) {
    await expect.poll(() => gates.length).toBe(Math.min(2, 6 - opened));
    expect(told).toBe(Math.min(opened + 2, 6));
    gates.shift()?.();
  }
  expect((await running).code).toBe(0);
});

test('fields of results may be asked for alone, and every field there is can be', async () => {
  const stdin = `${guest()}${guest({ channelId: 'sms' })}`;
  const { out } = await batch(['-q', '--concurrency', '1', '--fields', 'line,error.code,guestPass.channelId'], {
    stdin,
  });
  expect(out).toBe(
    '{"line":1,"error":{"code":null},"guestPass":{"channelId":"demo"}}\n' +
      '{"line":2,"error":{"code":"request_rejected"},"guestPass":{"channelId":null}}\n',
  );
  const { results } = await batch(['-q'], { stdin });
  const told = new Set(results.flatMap((result) => Object.keys(result)));
  expect([...told].toSorted()).toEqual(lineFields.map((field) => field.replace(/\.\*$/, '')).toSorted());
});
