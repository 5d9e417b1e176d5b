import { createSimulator, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import { afterEach, expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** A simulator on a port, and the environment of a user who is near it. */
async function place(options: SimulatorOptions = {}): Promise<{ simulator: Simulator; env: Record<string, string> }> {
  const simulator = createSimulator({ seed: 1, botDelayMs: 1, ...options });
  open.push(simulator);
  const { url } = await simulator.listen();
  return { simulator, env: { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url } };
}

const guest = ['chat', '--channel', 'demo', '--consent'];
const script = (...lines: readonly string[]): Props => ({ files: { 'lines.txt': lines.join('\n') } });
const scripted = [...guest, '--script', 'lines.txt'];

test('a script is said line by line, each after the answer to the one before', async () => {
  const { env } = await place();
  const lines = Array.from({ length: 10 }, (_, turn) => `turn ${turn}`);
  const { code, out, err } = await play(scripted, { ...script(...lines), env });
  expect(code).toBe(0);
  expect(out).toBe(lines.map((line) => `you: ${line}\nbot: Echo: ${line}\n`).join(''));
  expect(err).toMatch(/^Admitted to channel demo as guest \S+\.\n$/);
}, 30_000);

test('lines may come from standard input, and answers go as JSON, one a line', async () => {
  const { env } = await place();
  const { code, out } = await play([...guest, '--issuer', 'web-messaging', '--json'], {
    stdin: 'hello\n\n//slash\n',
    env,
  });
  expect(code).toBe(0);
  const records = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.filter(({ type }) => type === 'message').map(({ author, text }) => `${author}: ${text}`)).toEqual([
    'guest: hello',
    'bot: Echo: hello',
    'guest: /slash',
    'bot: Echo: /slash',
  ]);
  expect(records.filter(({ type }) => type === 'state').map(({ state }) => state)).toEqual([
    'configuring',
    'ready',
    'closed',
  ]);
});

test('a guest pass of authenticate talks on where it left off', async () => {
  const { env } = await place();
  const made = await play(
    ['auth', '--channel', 'demo', '--consent', '--issuer', 'web-messaging', '--json', '--show-token'],
    { env },
  );
  expect(made.code).toBe(0);
  const files = { 'pass.json': made.out, 'lines.txt': 'hello' };
  const first = await play(['chat', '--guest-pass', 'pass.json', '--script', 'lines.txt'], { files });
  expect(first).toEqual({ code: 0, out: 'you: hello\nbot: Echo: hello\n', err: '' });
  const second = await play(['chat', '--guest-pass', 'pass.json', '--script', 'lines.txt'], { files });
  expect(second.out).toBe('you: hello\nbot: Echo: hello\nyou: hello\nbot: Echo: hello\n');
});

test('a server that restarts in the middle of a talk of ten turns loses and doubles nothing', async () => {
  const simulator = createSimulator({ seed: 1, botDelayMs: 1 });
  open.push(simulator);
  let place = await simulator.listen();
  const { url, port } = place;
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url, GUESTPASS_ISSUER: 'web-messaging' };
  const made = await play(['authenticate', '--channel', 'demo', '--consent', '--json', '--show-token'], { env });
  const lines = Array.from({ length: 10 }, (_, turn) => `turn ${turn}`);
  const restarted: Promise<void>[] = [];
  const restart = async () => {
    await place.close();
    place = await simulator.listen({ port });
  };
  const { code, out, err } = await play(['chat', '--guest-pass', 'pass.json', '--script', 'lines.txt'], {
    files: { 'pass.json': made.out, 'lines.txt': lines.join('\n') },
    onOut: (text) => {
      if (text.endsWith('you: turn 4\n') && restarted.length === 0) restarted.push(restart());
    },
  });
  await Promise.all(restarted);
  expect(code).toBe(0);
  expect(out).toBe(lines.map((line) => `you: ${line}\nbot: Echo: ${line}\n`).join(''));
  expect(err).toBe('The connection was lost; trying again.\nConnected again.\n');
}, 30_000);

test('a file is sent, received and saved', async () => {
  const { env } = await place();
  const written = new Map<string, Uint8Array>();
  const lines = script('/attach letters/parcels.txt', '/save copy.txt');
  const files = { ...lines.files, 'letters/parcels.txt': 'one parcel' };
  const { code, out } = await play(scripted, { files, env, written });
  expect(code).toBe(0);
  expect(out).toContain('[file parcels.txt');
  expect([...written].map(([path, bytes]) => [path, new TextDecoder().decode(bytes)])).toEqual([
    ['copy.txt', 'one parcel'],
  ]);
});

test('attributes of the payload go with the first message', async () => {
  const heard: unknown[] = [];
  const bot = ({ customAttributes }: { customAttributes: unknown }) => {
    heard.push(customAttributes);
    return ['noted'];
  };
  const { env } = await place({ bot });
  const flags = ['--issuer', 'web-messaging', '--attribute', 'origin=shop'];
  await play([...scripted, ...flags], { ...script('one', 'two'), env });
  expect(heard).toEqual([{ origin: 'shop' }, {}]);
});

test('a script without an answer ends with 5', async () => {
  const { env } = await place({ bot: 'none' });
  const { code, err } = await play([...scripted, '--wait', '20ms'], { ...script('hello?'), env });
  expect(code).toBe(5);
  expect(err).toContain('No answer came within 20 ms.');
});

test('a script that cannot go on ends with 1 and says why', async () => {
  const { env, simulator } = await place();
  simulator.faults.add({ operation: 'action', code: 4011, after: 1 });
  const refused = await play(scripted, { ...script('too long?'), env });
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('the text is too long (4011)') });
});

test('a person sees what others say, and is told what went wrong', async () => {
  const { env } = await place();
  async function* readLines() {
    yield '/dance';
    yield '/attach nowhere.txt';
    yield 'hello';
    yield '/quit';
  }
  const { code, out, err } = await play([...guest, '--no-color'], { env, tty: true, readLines });
  expect(code).toBe(0);
  expect(out).not.toContain('you:');
  expect(err).toContain('Connecting…\nConnected. /quit ends');
  expect(err).toContain('There is no command /dance');
  expect(err).toContain('/attach names a file that cannot be read (ENOENT). Name a readable file.');
});

test('a new conversation is begun without a word of a lost connection', async () => {
  const simulator = createSimulator({ seed: 1, botDelayMs: 1 });
  open.push(simulator);
  const { url } = await simulator.listen();
  const env = { GUESTPASS_TARGET: 'simulator', GUESTPASS_ENVIRONMENT: url };
  async function* readLines() {
    yield 'hello';
    const session = simulator.sessions.list().at(-1)?.id ?? '';
    simulator.sessions.say(session, { disconnect: true });
    yield '/new';
    yield 'once more';
    yield '/quit';
  }
  const { code, err } = await play([...guest, '--no-color'], { env, tty: true, readLines });
  expect(code).toBe(0);
  expect(err).toContain('A new conversation has begun.');
  expect(err).not.toContain('The connection was lost');
});

test('an interruption ends the talk with 130', async () => {
  const { env } = await place({ bot: 'none' });
  const user = new AbortController();
  async function* readLines(signal: AbortSignal) {
    yield 'hello';
    user.abort(new Error('interrupted'));
    if (!signal.aborted) yield 'never said';
  }
  const { code } = await play(guest, { env, tty: true, readLines, signal: user.signal });
  expect(code).toBe(130);
});

test('a guest who is refused does not talk', async () => {
  const { env } = await place();
  const { code, err } = await play(['chat', '--channel', 'demo', '--script', 'lines.txt'], { ...script('hello'), env });
  expect(code).toBe(3);
  expect(err).toContain('consent_required');
});

test.each([
  [{}, 'names a file that cannot be read (ENOENT)'],
  [{ 'pass.json': '{"sessionToken": hunter2' }, 'The guest pass is not JSON'],
  [
    { 'pass.json': '{"guestPass":{"sessionToken":"…abcd","connect":{"url":"ws://h/v1","deploymentId":"d"}}}' },
    '--show-token',
  ],
  [{ 'pass.json': '{"sessionToken":"t","connect":null}' }, 'holds no guest pass'],
])('an unusable guest pass is bad usage: %j', async (files, what) => {
  const { code, out, err } = await play(['chat', '--guest-pass', 'pass.json'], { files });
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(what);
  expect(err).not.toContain('hunter2');
});

test('what a hostile agent says is harmless to the terminal', async () => {
  const { env } = await place({ bot: () => ['\u001b[2J\u202etxt\u0007'] });
  for (const flags of [[], ['--json']]) {
    const { out } = await play([...scripted, ...flags], { ...script('hi'), env });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that there are none is what is asked.
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  }
});
