import { createSimulator, type Simulator } from '@guestpass/simulator';
import { fetchExchange } from 'guestpass/http';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { type Props, play } from '../testing/play.ts';

const tutorial = {
  channelId: 'your-channel-id',
  consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
  captcha: { provider: 'recaptcha', response: '03AGdBq25hunter2-captcha', score: 0.9 },
  attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
};

const guest = ['auth', '--channel', 'demo', '--consent'];

/** The world of a user whose platform is this simulator. */
function near(simulator: Simulator, props: Props = {}): Props {
  return { exchange: fetchExchange(simulator.fetch), ...props, env: { GUESTPASS_TARGET: 'simulator', ...props.env } };
}

test("the tutorial's payload lets a guest in and ends with the tutorial's two lines", async () => {
  await using simulator = createSimulator({ seed: 1 });
  const files = { 'guest.json': JSON.stringify(tutorial) };
  const { code, out, err } = await play(['authenticate', '--payload', 'guest.json'], near(simulator, { files }));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^✓ Admitted to channel your-channel-id in [\d.]+ ms\n/);
  expect(out).toMatch(/\nAuthentication complete. Guest ID: \S+\nCurrent success rate: 100%\n$/);
  expect(out).toMatch(/session token +…\S{4} {3}\(--show-token prints it\)/);
  expect(out).not.toContain('hunter2');
  expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
});

test("the tutorial's four variables and its .env are enough", async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { code } = await play(['auth', '--consent'], {
    exchange: fetchExchange(simulator.fetch),
    env: { GENESYS_CLIENT_ID: 'sim-client', GENESYS_ENV: 'usw2.mygenesys.com' },
    files: { '.env': 'GENESYS_CLIENT_ID=overruled\nGENESYS_CLIENT_SECRET=sim-secret\nWEBMSG_CHANNEL_ID=demo\n' },
  });
  expect(code).toBe(0);
  expect(simulator.requests.map(({ host }) => host)).toEqual(['usw2.mygenesys.com', 'usw2.mygenesys.com']);
});

test('flags describe a guest without any file', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const flags = ['--attribute', 'origin=shop', '--attribute', 'cart=a=b', '--captcha-score', '0.9'];
  const captcha = ['--captcha-provider', 'recaptcha', '--captcha-response', 'answer'];
  const { code, out } = await play([...guest, ...flags, ...captcha, '--dry-run', '--json'], near(simulator));
  expect(code).toBe(0);
  expect(JSON.parse(out).request.body).toMatchObject({
    channelId: 'demo',
    consent: { accepted: true },
    captcha: { provider: 'recaptcha', response: '…', score: 0.9 },
    attributes: { origin: 'shop', cart: 'a=b' },
  });
});

test('the session token is shortened, in JSON too, unless it is asked for', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const shown = JSON.parse((await play([...guest, '--json', '--show-token'], near(simulator))).out);
  const { sessionToken } = shown.guestPass;
  expect(sessionToken.length).toBeGreaterThan(16);
  expect(shown).toMatchObject({ outcome: 'admitted', channelId: 'demo', successRate: 100 });

  simulator.reset();
  const { out, err } = await play([...guest, '--json', '--debug'], near(simulator));
  expect(JSON.parse(out).guestPass.sessionToken).toBe(`…${sessionToken.slice(-4)}`);
  expect(out + err).not.toContain(sessionToken);

  simulator.reset();
  expect((await play([...guest, '--show-token'], near(simulator))).out).toContain(sessionToken);
});

test('quiet leaves the two closing lines', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { out } = await play([...guest, '-q'], near(simulator));
  expect(out).toMatch(/^Authentication complete. Guest ID: \S+\nCurrent success rate: 100%\n$/);
});

test('debug tells each request on standard error, without secrets', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { err } = await play([...guest, '-v'], near(simulator));
  expect(err).toMatch(/^token {2}POST http:\/\/127.0.0.1:4010\/oauth\/token {2}200 {2}[\d.]+ ms {2}correlation \S+\n/);
  expect(err).toMatch(/\nguest {2}POST \S+\/guests {2}201 {2}[\d.]+ ms {2}correlation \S+\n$/);
  expect(err).not.toMatch(/sim-secret|Bearer|Basic/);
});

test('without consent the guest is refused and nothing is sent', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { code, out, err } = await play(['auth', '--channel', 'demo'], near(simulator));
  expect({ code, out }).toEqual({ code: 3, out: '' });
  expect(err).toMatch(
    /^✗ Refused: The guest did not accept.\n {2}Why: .+\n {2}Consent: give --consent .+\n {2}Next: .+\n {2}consent_required · attempt att_\S+\n$/,
  );
  expect(simulator.requests).toEqual([]);
});

test('a channel that is not allowed is met with those that are', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const env = { GUESTPASS_ALLOWED_CHANNELS: 'web,demo' };
  const { code, err } = await play(['auth', '--consent', '--channel', 'sms'], near(simulator, { env }));
  expect(code).toBe(3);
  expect(err).toContain('Allowed: web, demo   (from GUESTPASS_ALLOWED_CHANNELS)');
});

test('a payload of the wrong shape is bad usage, with every fault', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { code, err } = await play(['auth', '--payload', '-'], near(simulator, { stdin: '{"consent":{},"x":1}' }));
  expect(code).toBe(2);
  expect(err).toMatch(
    /^✗ Refused: The guest payload does not have the required shape.\n {4}\/channelId {2}is required\n/,
  );
  expect(err).toContain('give --channel');
  expect(err).toContain('/x  is not a known field');
  expect(simulator.requests).toEqual([]);
});

test.each([
  [{ 'guest.json': '{"response": hunter2' }, 'The payload is not JSON'],
  [{}, '--payload  names a file that cannot be read (ENOENT)'],
])('an unusable payload file is bad usage: %j', async (files, what) => {
  await using simulator = createSimulator({ seed: 1 });
  const { code, out, err } = await play(['auth', '--payload', 'guest.json'], near(simulator, { files }));
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain(what);
  expect(err).not.toContain('hunter2');
});

test('standard input gives payload or secret, not both, and is not waited for against the will of the user', async () => {
  const both = await play([...guest, '--payload', '-', '--client-secret-stdin']);
  expect(both).toMatchObject({ code: 2, err: expect.stringContaining('standard input together with the secret') });
  const alone = await play([...guest, '--payload', '-', '--no-input'], { tty: true });
  expect(alone).toMatchObject({ code: 2, err: expect.stringContaining('--no-input') });
});

test('the secret may come from standard input or a file, and a wrong one ends with 4 without being told', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const good = near(simulator, { stdin: 'sim-secret\n', files: { secret: 'sim-secret\n', wrong: 'hunter2\n' } });
  expect((await play([...guest, '--client-secret-stdin'], good)).code).toBe(0);
  expect((await play([...guest, '--client-secret-file', 'secret'], good)).code).toBe(0);

  const { code, out, err } = await play([...guest, '--client-secret-file', 'wrong', '--json', '-v'], good);
  expect(code).toBe(4);
  expect(JSON.parse(out)).toMatchObject({ outcome: 'failed', error: { code: 'credentials_rejected' }, successRate: 0 });
  expect(out + err).not.toContain('hunter2');
});

test('a flag that is at fault is named as the flag', async () => {
  const { code, err } = await play([...guest, '--target', 'simulater']);
  expect(code).toBe(2);
  expect(err).toContain('GUESTPASS_TARGET  must be simulator or genesys (set by --target)');
});

test('a disabled channel is forbidden, with status and correlation id to quote', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { code, err } = await play(['auth', '--consent', '--channel', 'disabled'], near(simulator));
  expect(code).toBe(4);
  expect(err).toMatch(/^✗ Failed: /);
  expect(err).toContain('The platform answered 403.');
  expect(err).toMatch(/ {2}forbidden · attempt att_\S+ · correlation \S+\n$/);
});

test('a rate limit that outlasts the retries ends with 5, and one that does not is told', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const clock = manualClock(Date.parse('2026-01-15T10:30:00Z'));
  simulator.faults.add({ operation: 'guest', status: 429, times: 2 });
  const patient = await clock.settle(play(guest, near(simulator, { clock })));
  expect(patient.code).toBe(0);
  expect(patient.out).toContain('retries      ');
  expect(patient.out).toContain('2   (answers: 429, 429, 201)');

  simulator.faults.add({ operation: 'guest', status: 429, times: 'always' });
  const spent = await clock.settle(play([...guest, '--deadline', '5s'], near(simulator, { clock })));
  expect(spent.code).toBe(5);
});

test('an outcome nobody knows ends with 5 and warns before a repetition', async () => {
  await using simulator = createSimulator({ seed: 1 });
  simulator.faults.add({ operation: 'guest', reset: 'after' });
  const { code, err } = await play(guest, near(simulator));
  expect(code).toBe(5);
  expect(err).toMatch(/^✗ Unknown: /);
  expect(err).toContain('before repeating it');
});

test('an interruption gives the attempt up and ends with 130', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const user = new AbortController();
  const exchange = fetchExchange(async (request) => {
    user.abort(new Error('interrupted'));
    return simulator.fetch(request);
  });
  const { code, out, err } = await play(guest, near(simulator, { exchange, signal: user.signal }));
  expect({ code, out }).toEqual({ code: 130, out: '' });
  expect(err).toContain('aborted');
  expect(simulator.stats()).toMatchObject({ guestsCreated: 0 });
});

test('a dry run checks everything, shows what would be sent and sends nothing', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const props = near(simulator, { stdin: JSON.stringify(tutorial) });
  const { code, out, err } = await play(['auth', '--payload', '-', '--dry-run', '--audit-file', '/nowhere/a'], props);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toContain('Nothing was sent.');
  expect(out).toContain('Would ask http://127.0.0.1:4010/oauth/token for a token as sim-client');
  expect(out).toContain('POST http://127.0.0.1:4010/api/v2/conversations/webmessaging/guests');
  expect(out).toContain('Bearer …');
  expect(out).toContain('"origin": "automated_test"');
  expect(out).not.toContain('hunter2');
  expect(simulator.requests).toEqual([]);
});

test('a dry run refuses what the real one would refuse', async () => {
  await using simulator = createSimulator({ seed: 1 });
  expect((await play(['auth', '--channel', 'demo', '--dry-run'], near(simulator))).code).toBe(3);
  expect((await play(['auth', '--consent', '--dry-run'], near(simulator))).code).toBe(2);
  const short = [...guest, '--dry-run', '--idempotency-key', 'short'];
  expect(await play(short, near(simulator))).toMatchObject({
    code: 2,
    err: expect.stringContaining('idempotency_key_invalid'),
  });
});

test('without a place for its records no guest is let in', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { code, out, err } = await play([...guest, '--audit-file', '/dev/null/audit.jsonl'], near(simulator));
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^✗ Failed: The audit log \S+ could not be opened/);
  expect(simulator.requests).toEqual([]);
});

test('a mistake of ours ends with 1 and asks for a report', async () => {
  const now = (): number => {
    throw new TypeError('no clock');
  };
  const clock = { ...manualClock(), now };
  const env = { GUESTPASS_TARGET: 'simulator' };
  const brief = await play([...guest, '--json'], { clock, env });
  expect(brief).toMatchObject({ code: 1, err: expect.stringContaining('TypeError: no clock') });
  expect(JSON.parse(brief.out)).toEqual({ error: { code: null, message: 'no clock', retryable: false } });
  expect((await play([...guest, '--debug'], { clock, env })).err).toMatch(/^TypeError: no clock\n {4}at /);
});

test('an interruption before anything was read ends with 130 and without a word', async () => {
  const readStdin = () => Promise.reject(new Error('interrupted'));
  const props = { signal: AbortSignal.abort(), readStdin };
  expect(await play([...guest, '--payload', '-'], props)).toEqual({ code: 130, out: '', err: '' });
});

test('a guest of the published protocol needs no client, and a dry run shows the socket', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  const flags = ['--issuer', 'web-messaging', '--environment', url];
  const admitted = await play([...guest, ...flags, '--show-token'], {});
  expect(admitted).toMatchObject({ code: 0, err: '' });
  expect(admitted.out).toMatch(/session token +[0-9a-f-]{36}\n/);
  expect(admitted.out).toMatch(/connect +ws:\/\/127.0.0.1:\d+\/v1 deployment demo\n/);
  const { stats } = simulator;
  const before = stats();
  const rehearsed = await play([...guest, ...flags, '--dry-run', '--json'], {});
  expect(JSON.parse(rehearsed.out)).toEqual({
    dryRun: true,
    request: {
      method: 'GET',
      url: `${url.replace('http', 'ws')}/v1?deploymentId=demo`,
      headers: { origin: url },
      body: { action: 'configureSession', token: '…' },
    },
  });
  expect(stats()).toEqual(before);
  expect((await play([...guest, ...flags, '--dry-run'], {})).out).toContain('Would open a WebSocket');
  const forbidden = await play(['auth', '--channel', 'disabled', '--consent', ...flags], {});
  expect(forbidden).toMatchObject({ code: 4, err: expect.stringContaining('allowed domains') });
});

const signedInGuest = [...guest, '--issuer', 'authenticated-web-messaging', '--environment', 'http://127.0.0.1:9'];
const signIn = {
  code: 'code-hunter2-0123456789',
  redirectUri: 'https://shop.example/callback',
  codeVerifier: 'verifier-hunter2-0123456789-0123456789-0123456789',
};

test('a dry run of a guest who signed in shows the exchange, and no secret', async () => {
  const files = { 'code.json': JSON.stringify(signIn) };
  const flags = [...signedInGuest, '--sign-in-file', 'code.json', '--dry-run'];
  const { code, out } = await play([...flags, '--json'], { files });
  expect(code).toBe(0);
  expect(JSON.parse(out)).toEqual({
    dryRun: true,
    request: {
      method: 'POST',
      url: 'http://127.0.0.1:9/api/v2/webdeployments/token/oauthcodegrantjwtexchange',
      headers: { origin: 'http://127.0.0.1:9', accept: 'application/json', 'content-type': 'application/json' },
      body: {
        deploymentId: 'demo',
        oauth: { code: '…6789', redirectUri: 'https://shop.example/callback', codeVerifier: '…6789' },
      },
    },
  });
  const told = await play(flags, { files });
  expect(told.out).toContain('Would send, and open a WebSocket with the answer');
  expect(out + told.out).not.toContain('hunter2');
});

test('a sign-in may come from standard input or a file, alone there', async () => {
  const piped = await play([...signedInGuest, '--sign-in-file', '-', '--dry-run'], { stdin: JSON.stringify(signIn) });
  expect(piped).toMatchObject({ code: 0, err: '' });
  const both = await play([...signedInGuest, '--sign-in-file', '-', '--payload', '-']);
  expect(both).toMatchObject({ code: 2, err: expect.stringContaining('together with --sign-in-file') });
  const gone = await play([...signedInGuest, '--sign-in-file', 'gone.json']);
  expect(gone).toMatchObject({ code: 2, err: expect.stringContaining('--sign-in-file  names a file that cannot') });
  const none = await play(signedInGuest);
  expect(none).toMatchObject({ code: 2, err: expect.stringContaining('give --sign-in-file') });
});
