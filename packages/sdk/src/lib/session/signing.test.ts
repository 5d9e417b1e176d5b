import { afterEach, expect, test } from 'vitest';
import type { SignedIn } from '../contract/guest-pass.ts';
import { GuestpassError } from '../errors.ts';
import type { HttpResponse } from '../http/exchange.ts';
import { TransportError } from '../messaging/transport.ts';
import { type Asked, frame, MessagingPlatform, refused } from '../testing/messaging-platform.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');
const target = { url: 'wss://webmessaging.example.test/v1', deploymentId: 'd', token: 'secret' };
const minute = 60_000;
const signIn = { idToken: 'id-token-to-hide' };

const answer = (status: number, body: unknown = {}): HttpResponse => ({
  status,
  headers: {},
  body: new TextEncoder().encode(JSON.stringify(body)),
});

/** The platform with its sign-in: each grant and refresh gives the next JWT, which alone is good. */
class Platform extends MessagingPlatform {
  jwt = 'jwt-0';
  granted = 0;
  refreshes = 0;
  /** The answers to the next refreshes and revocations, in place of the usual ones. */
  readonly answers: HttpResponse[] = [];
  readonly paths: string[] = [];

  constructor() {
    super();
    const pages = this.answerHttp;
    this.answerHttp = async (request) => {
      const path = new URL(request.url).pathname;
      if (!path.startsWith('/api/v2/webdeployments/token/')) return pages(request);
      this.paths.push(path.slice(29));
      return this.answers.shift() ?? this.#answer(path);
    };
    this.behave = ({ action, data }) =>
      action === 'configureAuthenticatedSession' && data?.code !== this.jwt ? [refused(401)] : undefined;
  }

  #answer(path: string): HttpResponse {
    if (path.endsWith('/revoke')) return answer(204);
    if (path.endsWith('/refresh')) this.refreshes += 1;
    this.granted += 1;
    this.jwt = `jwt-${this.granted}`;
    return answer(
      200,
      path.endsWith('/refresh') ? { jwt: this.jwt } : { jwt: this.jwt, refreshToken: 'refresh-to-hide' },
    );
  }

  /** How the connections were configured: as nobody, or with which JWT. */
  get configured(): readonly string[] {
    return this.asked
      .filter(({ action }) => action.startsWith('configure'))
      .map(({ data }: Asked) => data?.code ?? 'nobody');
  }
}

const signedIn: SignedIn = {
  jwt: 'jwt-0',
  refreshToken: 'refresh-to-hide',
  expiresAt: new Date(begins + 15 * minute).toISOString(),
};

const open: { session: Session; platform: Platform }[] = [];
afterEach(async () => {
  for (const { session, platform } of open.splice(0)) {
    await session.close();
    expect(platform.clock.pending).toBe(0);
  }
});

async function connect(platform: Platform, more: SessionOptions & { signedIn?: SignedIn } = {}): Promise<Session> {
  const { clock, transport, exchange } = platform;
  const { signedIn: known, ...options } = more;
  const means = { transport, exchange, files: exchange, close: async () => {} };
  const pass = known ? { ...target, signedIn: known } : target;
  const session = await clock.settle(openSession(pass, { clock, random: () => 0.5, ...options }, means));
  open.push({ session, platform });
  return session;
}

async function failureOf(promise: Promise<unknown>): Promise<GuestpassError> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(GuestpassError);
  const told = `${JSON.stringify(error)} ${String(error)} ${String(error.cause)}`;
  expect(told).not.toMatch(/hunter2|to-hide|jwt-/);
  return error;
}

test('a guest pass of a sign-in connects as the account', async () => {
  const platform = new Platform();
  platform.session = { clearedExistingSession: true };
  const session = await connect(platform, { signedIn });
  expect(platform.asked).toMatchObject([
    { action: 'configureAuthenticatedSession', token: 'secret', deploymentId: 'd', data: { code: 'jwt-0' } },
  ]);
  expect(session).toMatchObject({ state: 'ready', signedIn, facts: { clearedExistingSession: true } });
});

test('the JWT is renewed ahead of its end, at a moment of its own, and the next connection uses it', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  // Half way between 70 and 85 percent of a quarter of an hour.
  await platform.clock.advance(0.775 * 15 * minute - 1);
  expect(platform.refreshes).toBe(0);
  await platform.clock.advance(1);
  expect(platform.refreshes).toBe(1);
  expect(session.signedIn).toMatchObject({ jwt: 'jwt-1', refreshToken: 'refresh-to-hide' });
  platform.peer?.close(1006);
  await platform.clock.advance(1000);
  expect(platform.configured).toEqual(['jwt-0', 'jwt-1']);
  await platform.clock.advance(60 * minute);
  expect(platform.refreshes).toBeGreaterThan(4);
});

test('a renewal that fails for a while is tried again before the end', async () => {
  const platform = new Platform();
  await connect(platform, { signedIn });
  platform.answers.push(...Array.from({ length: 4 }, () => answer(503)));
  await platform.clock.advance(15 * minute);
  expect(platform.paths.length).toBe(5);
  expect(platform.jwt).toBe('jwt-1');
});

test('a JWT that is refused is refreshed once, however many ask, and the connection goes on', async () => {
  const platform = new Platform();
  platform.jwt = 'another';
  const session = await connect(platform, { signedIn });
  expect(platform.configured).toEqual(['jwt-0', 'jwt-1']);
  expect(platform.paths).toEqual(['refresh']);
  expect(platform.peers.length).toBe(1);
  expect(session.state).toBe('ready');
});

test('a message that meets a 401 is not lost: the guest is refreshed, connects again and says it then', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  await session.send('one');
  platform.jwt = 'another';
  const { behave } = platform;
  platform.behave = (asked, self) =>
    asked.action === 'onMessage' && platform.refreshes === 0 ? [refused(401)] : behave(asked, self);
  expect(await platform.clock.settle(session.send('two'))).toMatchObject({ text: 'two' });
  expect(session.transcript.map(({ text }) => text)).toEqual(['one', 'two']);
  expect(platform.paths).toEqual(['refresh']);
});

test('three fresh JWTs that are refused end the session, and nothing is tried any more', async () => {
  const platform = new Platform();
  platform.behave = ({ action }) => (action === 'configureAuthenticatedSession' ? [refused(401)] : undefined);
  expect((await failureOf(connect(platform, { signedIn }))).code).toBe('session_signed_out');
  expect(platform.configured).toEqual(['jwt-0', 'jwt-1', 'jwt-2', 'jwt-3']);
  expect(platform.clock.pending).toBe(0);
});

test('without a refresh token a session outlives its JWT, and ends as signed out when it has to connect again', async () => {
  const platform = new Platform();
  const states: string[] = [];
  const known = { ...signedIn, refreshToken: null };
  const session = await connect(platform, { signedIn: known, onState: (state) => states.push(state) });
  const messages = session.messages();
  await platform.clock.advance(16 * minute);
  platform.jwt = 'another';
  await session.send('still here');
  platform.peer?.close(1006);
  await platform.clock.advance(1000);
  expect(states).toEqual(['configuring', 'ready', 'reconnecting', 'signed-out']);
  expect((await messages.next()).value?.text).toBe('still here');
  const lost = await failureOf(messages.next());
  expect(lost).toMatchObject({ code: 'session_signed_out', cause: { code: 'sign_in_rejected' } });
  expect((await failureOf(session.send('too late'))).code).toBe('session_signed_out');
  expect(platform.paths).toEqual([]);
});

test('a refresh that the platform refuses ends the session, and one that fails for a while does not', async () => {
  const platform = new Platform();
  platform.jwt = 'another';
  platform.answers.push(...Array.from({ length: 4 }, () => answer(503)));
  const session = await connect(platform, { signedIn });
  expect(session.state).toBe('ready');
  expect(platform.peers.length).toBe(2);
  platform.jwt = 'yet another';
  platform.answers.push(answer(401));
  platform.peer?.close(1006);
  await platform.clock.advance(5000);
  expect(session.state).toBe('signed-out');
});

test('a guest who talks signs in, and the conversation goes on as that of the account', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.send('before');
  expect(session.signedIn).toBeNull();
  await session.signIn(signIn);
  expect(session.signedIn).toMatchObject({ jwt: 'jwt-1', refreshToken: 'refresh-to-hide' });
  await session.send('after');
  expect(session.state).toBe('ready');
  expect(platform.peers.length).toBe(1);
  platform.peer?.close(1006);
  await platform.clock.advance(1000);
  expect(platform.configured).toEqual(['nobody', 'jwt-1', 'jwt-1']);
  expect(session.transcript.map(({ text }) => text)).toEqual(['before', 'after']);
  expect((await failureOf(session.signIn(signIn))).code).toBe('request_rejected');
});

test('an account whose conversation is another one is shown that one', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.send('of nobody');
  platform.history.length = 0;
  platform.store('of the account', 'Inbound');
  platform.session = { newSession: true, clearedExistingSession: true };
  await session.signIn(signIn);
  await platform.clock.advance(0);
  expect(session.transcript.map(({ text }) => text)).toEqual(['of the account']);
  expect(session.facts.clearedExistingSession).toBe(true);
});

test('what is said while the conversation of an account is being read comes behind it', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.send('of nobody');
  platform.history.length = 0;
  platform.store('of the account', 'Inbound');
  platform.session = { newSession: true };
  platform.behave = ({ action }) => {
    if (action !== 'getJwt') return undefined;
    const said = platform.store('just now');
    return [said, frame('JwtResponse', { jwt: 'history', exp: begins / 1000 + 60 })];
  };
  const heard: string[] = [];
  await session.signIn(signIn);
  const listening = (async () => {
    for await (const { text } of session) heard.push(text);
  })();
  await platform.clock.advance(0);
  await session.close();
  await listening;
  expect(heard).toEqual(['of the account', 'just now']);
});

const refusals: readonly [string, number, string][] = [
  ['a deployment that allows no upgrade', 403, 'forbidden'],
  ['a deployment without sign-in', 4000, 'forbidden'],
  ['a platform that stumbles', 500, 'platform_unavailable'],
];

test.each(refusals)('%s is told, and the guest talks on as nobody', async (_, code, expected) => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action }) => (action === 'configureAuthenticatedSession' ? [refused(code)] : undefined);
  expect((await failureOf(session.signIn(signIn))).code).toBe(expected);
  expect(session).toMatchObject({ state: 'ready', signedIn: null });
  expect(await session.send('still nobody')).toMatchObject({ text: 'still nobody' });
  platform.peer?.close(1006);
  await platform.clock.advance(1000);
  expect(platform.configured).toEqual(['nobody', 'jwt-1', 'nobody']);
  expect(platform.clock.pending).toBeLessThan(3);
});

test('a step-up whose JWT is refused is tried with the next one, three times at most', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const { behave } = platform;
  platform.behave = ({ action }) => (action === 'configureAuthenticatedSession' ? [refused(401)] : undefined);
  expect((await failureOf(session.signIn(signIn))).code).toBe('sign_in_rejected');
  expect(platform.configured).toEqual(['nobody', 'jwt-1', 'jwt-2', 'jwt-3', 'jwt-4']);
  platform.behave = behave;
  await session.signIn(signIn);
  expect(session.signedIn?.jwt).toBe('jwt-5');
});

test('a step-up that a lost connection interrupts is settled by the next one', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const { behave } = platform;
  let broken = false;
  platform.behave = (asked, self) => {
    if (asked.action !== 'configureAuthenticatedSession' || broken) return behave(asked, self);
    broken = true;
    self.peer?.close(1006);
    return [];
  };
  await platform.clock.settle(session.signIn(signIn));
  expect(platform.configured).toEqual(['nobody', 'jwt-1', 'jwt-1']);
  expect(session.state).toBe('ready');

  const other = new Platform();
  const refusing = await connect(other);
  other.behave = ({ action }, self) => {
    if (action !== 'configureAuthenticatedSession') return undefined;
    if (self.peers.length > 1) return [refused(403)];
    self.peer?.close(1006);
    return [];
  };
  expect((await failureOf(other.clock.settle(refusing.signIn(signIn)))).code).toBe('forbidden');
  await other.clock.advance(0);
  expect(other.configured).toEqual(['nobody', 'jwt-1', 'jwt-1', 'nobody']);
  expect(refusing).toMatchObject({ state: 'ready', signedIn: null });
});

test('a step-up that nobody answers is settled by another connection', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action }, { peers }) =>
    action === 'configureAuthenticatedSession' && peers.length === 1 ? [] : undefined;
  await platform.clock.settle(session.signIn(signIn));
  expect(platform.peers.length).toBe(2);
});

test('what cannot be a sign-in is not sent, and one that the platform refuses changes nothing', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const broken = await failureOf(session.signIn({ code: 'code-to-hide', codeVerifier: 'short' }));
  expect(broken.code).toBe('payload_invalid');
  expect(broken.faults.map(({ pointer }) => pointer)).toEqual(['/codeVerifier', '/redirectUri']);
  expect(platform.paths).toEqual([]);
  platform.answers.push(answer(401));
  expect((await failureOf(session.signIn(signIn))).code).toBe('sign_in_rejected');
  expect(platform.configured).toEqual(['nobody']);
  const both = [session.signIn(signIn), failureOf(session.signIn(signIn))] as const;
  expect((await both[1]).code).toBe('request_rejected');
  await both[0];
});

test('a session that ends while the guest signs in tells so', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action }) =>
    action === 'configureAuthenticatedSession' ? [frame('ConnectionClosedEvent', {})] : undefined;
  expect((await failureOf(session.signIn(signIn))).code).toBe('session_closed');
  expect((await failureOf(session.signIn(signIn))).code).toBe('session_closed');
  await expect(session.signOut()).rejects.toMatchObject({ code: 'session_signed_out' });
});

test('a guest who signs out ends the session everywhere', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  const messages = session.messages();
  await session.signOut();
  expect(platform.requests.at(-1)).toMatchObject({ method: 'DELETE', headers: { authorization: 'bearer jwt-0' } });
  expect(session).toMatchObject({ state: 'signed-out', signedIn: null });
  expect((await messages.next()).done).toBe(true);
  expect((await failureOf(session.signOut())).code).toBe('session_signed_out');
  await session.close();
  expect(session.state).toBe('closed');
});

test('a JWT that is too old to be revoked is refreshed first, and the platform is believed after three', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  platform.answers.push(answer(401));
  await session.signOut();
  expect(platform.paths).toEqual(['revoke', 'refresh', 'revoke']);
  expect(platform.requests.at(-1)?.headers).toMatchObject({ authorization: 'bearer jwt-1' });

  const other = new Platform();
  const stays = await connect(other, { signedIn });
  const usual = other.answerHttp;
  other.answerHttp = async (request) => (request.method === 'DELETE' ? answer(401) : usual(request));
  expect((await failureOf(stays.signOut())).code).toBe('sign_in_rejected');
  expect(other.requests.filter(({ method }) => method === 'DELETE').length).toBe(3);
  expect(stays.state).toBe('ready');
});

test('a guest who is signed out elsewhere is told, and one who signed in elsewhere too', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  platform.tell(frame('LogoutEvent', {}));
  await platform.clock.advance(0);
  expect(session).toMatchObject({ state: 'signed-out', signedIn: null });

  const other = new Platform();
  const events: unknown[] = [];
  const tab = await connect(other, { onEvent: (event) => events.push(event) });
  other.tell(frame('ConnectionClosedEvent', { reason: 'signedIn' }));
  await other.clock.advance(0);
  expect([tab.state, events]).toEqual(['closed', [{ type: 'signed-in-elsewhere' }]]);
});

test('a token that became that of an account while nobody listened ends the session of nobody', async () => {
  const platform = new Platform();
  const events: unknown[] = [];
  const session = await connect(platform, { onEvent: (event) => events.push(event) });
  platform.behave = ({ action }) => (action === 'configureSession' ? [refused(4017)] : undefined);
  platform.refusals.push(new TransportError('ECONNREFUSED'));
  platform.peer?.close(1006);
  await platform.clock.advance(5000);
  expect([session.state, events]).toEqual(['closed', [{ type: 'signed-in-elsewhere' }]]);
});

test('a new conversation after an expiry is that of the account too', async () => {
  const platform = new Platform();
  const session = await connect(platform, { signedIn });
  platform.tell(frame('SessionExpiredEvent', {}));
  await platform.clock.advance(20 * minute);
  expect([session.state, platform.refreshes]).toEqual(['expired', 0]);
  platform.jwt = 'another';
  await platform.clock.settle(session.startNew());
  expect(platform.configured).toEqual(['jwt-0', 'jwt-0', 'jwt-1']);
  expect(platform.asked.at(-1)).toMatchObject({ startNew: true });
});

test('closing breaks a sign-in and a refresh off', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const { answerHttp } = platform;
  platform.answerHttp = ({ signal }) =>
    new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true }));
  const signing = failureOf(session.signIn(signIn));
  await session.close();
  expect((await signing).code).toBe('aborted');
  platform.answerHttp = answerHttp;
});
