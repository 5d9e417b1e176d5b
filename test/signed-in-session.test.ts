import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type AuthOptions, createSimulator, type Simulator, type SimulatorClock } from '@guestpass/simulator';
import { createGuestpass, type GuestPass, type GuestpassOptions, systemClock } from 'guestpass';
import { connectSession, type Message, type Session, type SessionEvent, type SessionOptions } from 'guestpass/session';
import { afterEach, expect, test } from 'vitest';
import { idTokenAt, signInAt } from './sign-in-site.ts';

// Chats of guests who sign in at the site's own provider: over real sockets and by HTTP alone. The platform's clock may
// be set forward; guest and platform wait for events, never for time.

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');
const quarterOfAnHour = 900_000;
const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };

interface Guest {
  readonly session: Session;
  readonly events: readonly SessionEvent[];
  /** Resolves when the session gets there. */
  reaches(state: Session['state']): Promise<void>;
}

interface Place {
  readonly simulator: Simulator;
  readonly url: string;
  admit(guest?: object, options?: Partial<GuestpassOptions>): Promise<GuestPass>;
  connect(pass: GuestPass, options?: SessionOptions): Promise<Guest>;
  /** Sets the platform's clock forward; timers that run keep their time. */
  setForward(spanMs: number): void;
  /** Operations that the platform was asked for, in order, without those of the chat itself. */
  asked(): readonly string[];
}

async function place(auth: AuthOptions = {}): Promise<Place> {
  let aheadMs = 0;
  const clock: SimulatorClock = { now: () => systemClock.now() + aheadMs, after: systemClock.after };
  const simulator = createSimulator({ seed: 1, clock, botDelayMs: 1, deployments: { demo: { auth } } });
  open.push(simulator);
  const { url } = await simulator.listen();
  return {
    simulator,
    url,
    async admit(guest = {}, options = {}) {
      await using guests = createGuestpass({ environment: url, issuer: 'authenticated-web-messaging', ...options });
      return await guests.authenticate({ ...payload, ...guest });
    },
    connect: (pass, options) => connect(pass, options),
    setForward(spanMs) {
      aheadMs += spanMs;
    },
    asked: () =>
      simulator.requests
        .filter(({ operation }) => ['exchange', 'refresh', 'revoke'].includes(operation))
        .map(({ operation, status }) => `${operation} ${status}`),
  };
}

async function connect(pass: GuestPass, options: SessionOptions = {}): Promise<Guest> {
  const events: SessionEvent[] = [];
  const waiting = new Set<() => void>();
  const session = await connectSession(pass, {
    reconnect: { baseDelayMs: 1, maxDelayMs: 5 },
    onState: () => {
      for (const look of [...waiting]) look();
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  open.push(session);
  return {
    session,
    events,
    reaches: (state) =>
      new Promise((resolve) => {
        const look = () => {
          if (session.state !== state) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

async function next(messages: AsyncGenerator<Message>, count: number): Promise<string[]> {
  const heard: string[] = [];
  while (heard.length < count) {
    const { value, done } = await messages.next();
    if (done) throw new Error(`The conversation ended after ${heard.join(', ')}.`);
    heard.push(`${value.author}: ${value.text}`);
  }
  return heard;
}

test('code and verifier, exchange, a chat as the account, a refresh after the end of the JWT, and the revocation', async () => {
  const here = await place();
  const pass = await here.admit({ signIn: await signInAt(here.url, 'ann') });
  const { session, reaches } = await here.connect(pass);
  const messages = session.messages();
  await session.send('It is me');
  expect(await next(messages, 2)).toEqual(['guest: It is me', 'bot: Echo: It is me']);

  here.setForward(quarterOfAnHour);
  await session.send('A connection outlives its JWT');
  await next(messages, 2);
  here.simulator.dropSockets();
  await reaches('reconnecting');
  await session.send('The next one has another');
  expect(await next(messages, 2)).toEqual(['guest: The next one has another', 'bot: Echo: The next one has another']);
  expect(session.signedIn?.jwt).not.toBe(pass.signedIn?.jwt);
  expect(session.signedIn?.refreshToken).toBe(pass.signedIn?.refreshToken);

  const phone = await here.connect(await here.admit({ signIn: await signInAt(here.url, 'ann') }));
  expect(phone.session.transcript.length).toBe(6);
  await session.signOut();
  await Promise.all([reaches('signed-out'), phone.reaches('signed-out')]);
  expect((await messages.next()).done).toBe(true);
  await expect(phone.session.send('too late')).rejects.toMatchObject({ code: 'session_signed_out' });
  expect(here.asked()).toEqual(['exchange 200', 'refresh 200', 'exchange 200', 'revoke 204']);
  await expect(connect(pass)).rejects.toMatchObject({ code: 'session_signed_out' });
});

test('a JWT that has ended is refreshed before it is revoked', async () => {
  const here = await place();
  const { session, reaches } = await here.connect(await here.admit({ signIn: await signInAt(here.url, 'ann') }));
  here.setForward(quarterOfAnHour);
  await session.signOut();
  await reaches('signed-out');
  expect(here.asked()).toEqual(['exchange 200', 'revoke 401', 'refresh 200', 'revoke 204']);
});

test('a guest who is nobody signs in while talking, and the conversation goes on as that of the account', async () => {
  const here = await place({ allowSessionUpgrade: true });
  const pass = await here.admit({}, { issuer: 'web-messaging' });
  const [here1, tab] = [await here.connect(pass), await here.connect(pass)];
  const { session, events } = here1;
  const messages = session.messages();
  await session.send('before');
  expect(await next(messages, 2)).toEqual(['guest: before', 'bot: Echo: before']);

  await session.signIn(await signInAt(here.url, 'ann'));
  await tab.reaches('closed');
  expect(tab.events).toContainEqual({ type: 'signed-in-elsewhere' });
  await session.send('after');
  expect(await next(messages, 2)).toEqual(['guest: after', 'bot: Echo: after']);
  expect(events).toContainEqual({ type: 'presence', presence: 'SignIn', author: 'guest' });
  expect(session.facts.clearedExistingSession).toBe(false);
  await expect(connect(pass)).rejects.toMatchObject({ code: 'session_signed_out' });

  // Elsewhere the account goes on with the same conversation.
  const { signedIn } = session;
  if (!signedIn) throw new Error('Nobody is signed in.');
  const phone = await here.connect({ ...pass, sessionToken: 'phone', signedIn });
  expect(phone.session.transcript.map(({ text }) => text)).toEqual(['before', 'Echo: before', 'after', 'Echo: after']);
  expect(here.simulator.sessions.list().length).toBe(1);
});

test('a step-up ends the conversation that the account had elsewhere', async () => {
  const here = await place({ allowSessionUpgrade: true });
  const phone = await here.connect(await here.admit({ signIn: await signInAt(here.url, 'ann') }));
  await phone.session.send('on my phone');
  const { session } = await here.connect(await here.admit({}, { issuer: 'web-messaging' }));
  await session.send('on my laptop');
  await session.signIn(await signInAt(here.url, 'ann'));
  expect(session.facts.clearedExistingSession).toBe(true);
  await phone.reaches('closed');
  expect(phone.events).toContainEqual({ type: 'cleared' });
  expect(session.transcript[0]?.text).toBe('on my laptop');
});

test('where nobody may step up, the guest is told and talks on', async () => {
  const here = await place({ anonymousMaySend: true });
  const { session } = await here.connect(await here.admit({}, { issuer: 'web-messaging' }));
  const signIn = await signInAt(here.url, 'ann');
  await expect(session.signIn({ ...signIn, codeVerifier: 'x'.repeat(43) })).rejects.toMatchObject({
    code: 'sign_in_rejected',
  });
  await expect(session.signIn(await signInAt(here.url, 'ann'))).rejects.toMatchObject({ code: 'forbidden' });
  expect(await session.send('still nobody')).toMatchObject({ text: 'still nobody' });
  expect(session).toMatchObject({ state: 'ready', signedIn: null });
});

test('without a refresh token the guest is signed out when the JWT has ended and the connection breaks', async () => {
  const here = await place();
  const { session, reaches } = await here.connect(await here.admit({ signIn: await idTokenAt(here.url, 'ann') }));
  await session.send('an ID token will do');
  here.setForward(quarterOfAnHour);
  here.simulator.dropSockets();
  await reaches('signed-out');
  await expect(session.send('too late')).rejects.toMatchObject({ code: 'session_signed_out' });
  expect(here.asked()).toEqual(['exchange 200']);
});

test('the command talks as the account that a guest pass of a file signed in', async () => {
  const here = await place();
  const pass = await here.admit({ signIn: await signInAt(here.url, 'ann') });
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-chat-'));
  try {
    const file = join(directory, 'pass.json');
    await writeFile(file, JSON.stringify(pass));
    here.setForward(quarterOfAnHour);
    const child = spawn(process.execPath, [program, 'chat', '--guest-pass', file], { env: { PATH: process.env.PATH } });
    child.stdin.end('hello\n/quit\n');
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
    expect({ out, err, code }).toEqual({ out: 'you: hello\nbot: Echo: hello\n', err: '', code: 0 });
  } finally {
    await rm(directory, { recursive: true });
  }
  expect(here.asked()).toEqual(['exchange 200', 'refresh 200']);
});
