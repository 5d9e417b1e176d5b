import { expect, test } from 'vitest';
import { play } from './testing/play.ts';

test('help leads with examples and goes to standard output', async () => {
  const { code, out, err } = await play(['--help']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^Examples:\n {2}guestpass simulate\n/);
  expect((await play(['authenticate', '-h'])).out).toMatch(/^Examples:\n {2}guestpass authenticate --target simulator/);
});

test('no command at all is a misuse that is answered with help', async () => {
  const { code, out, err } = await play([]);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('Usage: guestpass');
});

test('the version is the version of the package', async () => {
  expect(await play(['--version'])).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), err: '' });
});

test.each([
  [['autenticate'], "unknown command 'autenticate'", 'Did you mean authenticate?'],
  [['auth', '--chanel', 'x'], "unknown option '--chanel'", 'Did you mean --channel?'],
  [['audit', 'verfy'], "unknown command 'verfy'", 'Did you mean verify?'],
])('a slip is met with what was meant: %j', async (argv, what, suggestion) => {
  const { code, out, err } = await play(argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(what);
  expect(err).toContain(suggestion);
});

test.each([
  [['auth', '--captcha-score', '1.5'], 'from 0 to 1'],
  [['auth', '--attribute', 'origin'], 'origin=website'],
  [['auth', '--deadline', 'soon'], '5s'],
  [['load', '--deadline', '800'], 'a number and its unit'],
  [['auth', '--client-secret', 'x'], "unknown option '--client-secret'"],
  [['auth', '--client-secret-stdin', '--client-secret-file', 'f'], 'cannot be used with'],
  [['simulate', '--port', '70000'], '65535'],
  [['audit', 'verify'], 'missing required argument'],
  [['audit', 'keygen', 'a', 'b'], 'too many arguments'],
])('misuse exits 2 and says what is wanted: %j', async (argv, wanted) => {
  const { code, out, err } = await play(argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(wanted);
});

test('help for programs is one document, however it is asked for', async () => {
  const { code, out, err } = await play(['audit', 'verify', '--help', '--json']);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const document = JSON.parse(out);
  expect(document).toMatchObject({
    command: 'guestpass audit verify',
    usage: expect.stringContaining('guestpass audit verify [options] <file...>'),
    arguments: [{ name: 'file', required: true, variadic: true }],
    options: expect.arrayContaining([expect.objectContaining({ flags: '--json', takesValue: false })]),
    exitCodes: expect.arrayContaining([{ code: 6, meaning: 'a check found a problem' }]),
  });
  expect(document.examples[0]).toBe('guestpass audit verify audit.jsonl');
  expect((await play(['help', 'audit', 'verify', '--json'])).out).toBe(out);
  const { commands } = JSON.parse((await play(['--json', '-h'])).out);
  expect(commands).toContainEqual({ name: 'load', summary: 'let guests come at a rate, and measure' });
});

test('a slip is told in JSON where that was asked for, and leads to the help of its command', async () => {
  const { code, out, err } = await play(['deliveries', 'list', '--sate', 'dead', '--json']);
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({
    error: {
      code: 'config_invalid',
      message: expect.stringContaining("unknown option '--sate' (Did you mean --state?)"),
    },
  });
  expect(err).toContain('Next: read guestpass deliveries list --help');
  expect(JSON.parse((await play(['--json'])).out).error.message).toContain('A command is missing.');
});

test('help knows the exit codes, the settings and every command', async () => {
  const codes = await play(['help', 'exit-codes']);
  expect(codes.code).toBe(0);
  expect(codes.out).toContain('130  interrupted');

  const settings = await play(['help', 'environment']);
  expect(settings.out).toContain('GUESTPASS_CLIENT_ID   also GENESYS_CLIENT_ID, GENESYSCLOUD_OAUTHCLIENT_ID');

  expect(await play(['help', 'audit', 'verify'])).toMatchObject({ code: 0, out: expect.stringContaining('<file...>') });
  expect(await play(['help', 'auth'])).toMatchObject({ code: 0, out: expect.stringContaining('--dry-run') });
  expect(await play(['help'])).toMatchObject({ code: 0, out: expect.stringContaining('Usage: guestpass') });
});

test.each(['nothing', '__proto__', 'constructor'])('help on %s says which topics there are', async (topic) => {
  expect(await play(['help', topic])).toEqual({
    code: 2,
    out: '',
    err: expect.stringContaining('exit-codes, environment, gateway'),
  });
});

test('a topic is one document where JSON was asked for, and so is one that there is not', async () => {
  const codes = await play(['help', 'exit-codes', '--json']);
  expect(JSON.parse(codes.out)).toEqual({ topic: 'exit-codes', text: expect.stringContaining('130  interrupted') });
  const { code, out } = await play(['help', 'exit-code', '--json']);
  expect({ code, ...JSON.parse(out) }).toMatchObject({
    code: 2,
    error: { code: 'config_invalid', message: expect.stringContaining('Did you mean exit-codes?') },
  });
});

test('a slip in a topic is met with what was meant', async () => {
  expect((await play(['help', 'docter'])).err).toMatch(/no help on docter\. Did you mean doctor\?\n/);
  expect((await play(['help', 'exit-code'])).err).toContain('Did you mean exit-codes?');
});

test('every setting there is has its help', async () => {
  expect((await play(['help', 'environment'])).out).toContain('GUESTPASS_OPERATOR_URL');
  expect((await play(['help', 'gateway'])).out).toMatch(/GUESTPASS_DATABASE_URL {3}also GUESTPASS_DATABASE_URL_FILE\n/);
});

test('the help of every command leads with examples', async () => {
  const { out } = await play(['--help']);
  const names = [...(out.split('Commands:')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name ?? '');
  expect(names).toEqual(expect.arrayContaining(['authenticate', 'batch', 'load', 'doctor', 'completion']));
  const without = await Promise.all(
    names.map(async (name) => ((await play([name, '--help'])).out.startsWith('Examples:\n') ? [] : [name])),
  );
  expect(without.flat()).toEqual([]);
});

test('colors are for terminals, and may be refused', async () => {
  const sequence = '\u001b[';
  expect((await play(['autenticate'], { tty: true })).err).toContain(sequence);
  expect((await play(['autenticate'])).err).not.toContain(sequence);
  expect((await play(['autenticate'], { tty: true, env: { NO_COLOR: '1' } })).err).not.toContain(sequence);
  expect((await play(['autenticate'], { tty: true, env: { TERM: 'dumb' } })).err).not.toContain(sequence);
  expect((await play(['--no-color', 'autenticate'], { tty: true })).err).not.toContain(sequence);
});
