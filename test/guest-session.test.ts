import { createSimulator, type Listening, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import { createGuestpass, type GuestpassOptions } from 'guestpass';
import {
  connectSession,
  type GuestPass,
  isGuestpassError,
  type Message,
  type Session,
  type SessionOptions,
} from 'guestpass/session';
import { afterEach, expect, test } from 'vitest';

// Over real sockets, guest and platform on the system's clock; waits are for events, never for time.

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const payload = { channelId: 'demo', consent: { accepted: true, timestamp: '2026-01-15T10:30:00Z' } };
const quick: SessionOptions = { reconnect: { baseDelayMs: 1, maxDelayMs: 5 } };

interface Place {
  readonly simulator: Simulator;
  readonly port: Listening;
  admit(options?: Partial<GuestpassOptions>): Promise<GuestPass>;
  connect(pass: GuestPass, options?: SessionOptions): Promise<Session>;
}

async function place(options: SimulatorOptions = {}): Promise<Place> {
  const simulator = createSimulator({ seed: 1, botDelayMs: 1, ...options });
  open.push(simulator);
  const port = await simulator.listen();
  return {
    simulator,
    port,
    async admit(guestpass = {}) {
      await using guests = createGuestpass({
        environment: port.url,
        issuer: 'web-messaging',
        clientId: 'sim-client',
        clientSecret: 'sim-secret',
        ...guestpass,
      });
      return guests.authenticate(payload);
    },
    async connect(pass, more = {}) {
      const session = await connectSession(pass, { ...quick, ...more });
      open.push(session);
      return session;
    },
  };
}

/** The next messages of a session, as `author: text`. */
async function next(messages: AsyncGenerator<Message>, count: number): Promise<string[]> {
  const heard: string[] = [];
  while (heard.length < count) {
    const { value, done } = await messages.next();
    if (done) throw new Error(`The conversation ended after ${heard.join(', ')}.`);
    heard.push(`${value.author}: ${value.text}`);
  }
  return heard;
}

/** The server's view of the one session there is. */
function historyOf({ simulator }: Place, { transcript }: Session): void {
  const [known] = simulator.sessions.list();
  const server = simulator.sessions.history(known?.id ?? '').filter(({ type }) => type !== 'Event');
  expect(transcript.map(({ id }) => id)).toEqual(server.map(({ id }) => id));
}

test.each(['rest', 'web-messaging'] as const)(
  'a guest of the issuer %s holds a talk of ten turns',
  async (issuer) => {
    const here = await place();
    const session = await here.connect(await here.admit({ issuer }), { limits: { messagesPerSecond: 1000 } });
    expect(session.state).toBe('ready');
    const messages = session.messages();
    for (let turn = 0; turn < 10; turn += 1) {
      const said = await session.send(`turn ${turn}`);
      expect(said).toMatchObject({ author: 'guest', text: `turn ${turn}` });
      expect(await next(messages, 2)).toEqual([`guest: turn ${turn}`, `bot: Echo: turn ${turn}`]);
    }
    historyOf(here, session);
  },
  30_000,
);

test('a server that restarts in the middle loses and doubles nothing', async () => {
  const here = await place();
  const states: string[] = [];
  const session = await here.connect(await here.admit(), { onState: (state) => states.push(state) });
  const messages = session.messages();
  await session.send('before');
  expect(await next(messages, 2)).toEqual(['guest: before', 'bot: Echo: before']);

  const { port } = here.port;
  await here.port.close();
  const waiting = session.send('meanwhile');
  const [known] = here.simulator.sessions.list();
  here.simulator.sessions.say(known?.id ?? '', { text: 'Are you there?' });
  await here.simulator.listen({ port });
  expect(await waiting).toMatchObject({ text: 'meanwhile' });
  expect(await next(messages, 2)).toEqual(['agent: Are you there?', 'guest: meanwhile']);
  expect(states).toEqual(['configuring', 'ready', 'reconnecting', 'ready']);
  historyOf(here, session);
});

test('echoes that are lost, and connections that break at the worst moments', async () => {
  const here = await place();
  const session = await here.connect(await here.admit(), { answerTimeoutMs: 50, limits: { messagesPerSecond: 1000 } });
  const { faults } = here.simulator;
  faults.add({ operation: 'frame', stall: true });
  await session.send('the echo is lost');
  faults.add({ operation: 'action', reset: 'before' });
  await session.send('broken before it arrived');
  faults.add({ operation: 'action', reset: 'after' });
  await session.send('broken after it arrived');
  faults.add({ operation: 'frame', duplicate: true, times: 2 });
  await session.send('told twice');
  faults.add({ operation: 'action', code: 429, retryAfterSeconds: 1 });
  await session.send('too many at first');
  const { transcript } = session;
  expect(transcript.filter(({ author }) => author === 'guest').map(({ text }) => text)).toEqual([
    'the echo is lost',
    'broken before it arrived',
    'broken after it arrived',
    'told twice',
    'too many at first',
  ]);
});

test('a session is resumed elsewhere with all that was said', async () => {
  const here = await place();
  const pass = await here.admit();
  const first = await here.connect(pass);
  const firstMessages = first.messages();
  await first.send('hello');
  await next(firstMessages, 2);
  await first.close();
  expect((await firstMessages.next()).done).toBe(true);
  await expect(first.send('too late')).rejects.toMatchObject({ code: 'session_closed' });

  const second = await here.connect(pass, { historyPageSize: 1 });
  expect(await next(second.messages(), 2)).toEqual(['guest: hello', 'bot: Echo: hello']);
  const page = await second.history({ pageSize: 1 });
  expect(page).toMatchObject({ messages: [{ text: 'Echo: hello' }], more: true });
  expect(await second.history({ pageNumber: 2, pageSize: 1 })).toMatchObject({
    messages: [{ text: 'hello' }],
    more: false,
  });
});

test('a file goes there and comes back', async () => {
  const here = await place();
  const session = await here.connect(await here.admit());
  const messages = session.messages();
  const bytes = new TextEncoder().encode('parcel list ✓');
  const said = await session.attach({ name: 'parcels.txt', type: 'text/plain', bytes }, { text: 'The list' });
  expect(said).toMatchObject({ text: 'The list', attachments: [{ name: 'parcels.txt' }] });
  await next(messages, 1);
  const { value: echo } = await messages.next();
  const [returned] = echo?.attachments ?? [];
  expect(echo?.author).toBe('bot');
  expect(new TextDecoder().decode(await session.download({ id: returned?.id ?? '' }))).toBe('parcel list ✓');
});

test('a file that was uploaded is taken back before it is sent, and not after', async () => {
  const here = await place();
  const session = await here.connect(await here.admit());
  const bytes = new Uint8Array([1, 2, 3]);
  const wrong = await session.upload({ name: 'wrong.png', type: 'image/png', bytes });
  await session.deleteAttachment(wrong);
  await expect(session.deleteAttachment(wrong)).rejects.toMatchObject({ code: 'request_rejected' });
  const right = await session.upload({ name: 'right.png', type: 'image/png', bytes });
  const said = await session.send('Look', { attachments: [right] });
  expect(said.attachments.map(({ name }) => name)).toEqual(['right.png']);
  await expect(session.deleteAttachment(right)).rejects.toMatchObject({ code: 'request_rejected' });
});

test('files and texts the platform would refuse are not sent', async () => {
  const here = await place();
  const session = await here.connect(await here.admit());
  const bytes = new Uint8Array(1);
  const pointersOf = (promise: Promise<unknown>) =>
    promise.then(
      () => [],
      (error) => [error.code, ...error.faults.map(({ pointer }: { pointer: string }) => pointer)],
    );
  expect(await pointersOf(session.attach({ name: 'virus.EXE', type: 'x', bytes }))).toEqual([
    'payload_invalid',
    '/name',
    '/type',
  ]);
  expect(
    await pointersOf(session.attach({ name: 'a.txt', type: 'text/plain', bytes: new Uint8Array(10_485_761) })),
  ).toEqual(['payload_invalid', '/bytes']);
  expect(await pointersOf(session.send('é'.repeat(2049)))).toEqual(['payload_invalid', '/text']);
  expect(await pointersOf(session.send('hi', { attributes: { note: 'é'.repeat(1023) } }))).toEqual([
    'payload_invalid',
    '/attributes',
  ]);
  expect(await pointersOf(session.send('hi', { attributes: { note: '\ud800' } }))).toEqual([
    'payload_invalid',
    '/attributes',
  ]);
  expect(await pointersOf(session.attach({ name: '\ud800.txt', type: 'text/plain', bytes }))).toEqual([
    'payload_invalid',
    '/name',
  ]);
  expect(session.transcript).toEqual([]);
});

test.each(['message', 'envelope'] as const)(
  'attributes go with the first message, in the %s',
  async (attributesPlacement) => {
    const heard: unknown[] = [];
    const here = await place({
      bot: ({ customAttributes }) => {
        heard.push(customAttributes);
        return ['noted'];
      },
    });
    const session = await here.connect(await here.admit(), { attributes: { origin: 'shop' }, attributesPlacement });
    await session.send('one');
    await session.send('two', { attributes: { mood: 'good' } });
    expect(heard).toEqual([{ origin: 'shop' }, { mood: 'good' }]);
  },
);

test('quick replies, buttons, typing and events', async () => {
  const here = await place({
    bot: ({ type }) =>
      type === 'Structured'
        ? ['chosen']
        : [{ text: 'Sure?', content: [{ contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'yes' } }] }],
  });
  const events: unknown[] = [];
  const session = await here.connect(await here.admit(), { onEvent: (event) => events.push(event) });
  const messages = session.messages();
  session.sendTyping();
  await session.send('hi');
  await next(messages, 1);
  const { value: question } = await messages.next();
  expect(question?.quickReplies).toEqual([{ text: 'Yes', payload: 'yes' }]);
  const [reply] = question?.quickReplies ?? [];
  if (reply) await session.sendButton(reply);
  expect(await next(messages, 2)).toEqual(['guest: Yes', 'bot: chosen']);
  historyOf(here, session);
});

test('an expired session ends the talk, and a new one may be started', async () => {
  const here = await place();
  const session = await here.connect(await here.admit());
  const messages = session.messages();
  await session.send('hello');
  await next(messages, 2);
  here.simulator.sessions.expire(here.simulator.sessions.list()[0]?.id ?? '');
  expect((await messages.next()).done).toBe(true);
  expect(session.state).toBe('expired');
  const error = await session.send('too late').catch((reason: unknown) => reason);
  expect(isGuestpassError(error) && error.code).toBe('session_expired');

  await session.startNew();
  expect(session.state).toBe('ready');
  expect(session.transcript).toEqual([]);
  const anew = session.messages();
  await session.send('again');
  expect(await next(anew, 2)).toEqual(['guest: again', 'bot: Echo: again']);
});

test('a conversation that was cleared is forgotten and goes on', async () => {
  const here = await place();
  const session = await here.connect(await here.admit());
  const messages = session.messages();
  await session.send('forget this');
  await next(messages, 2);
  await session.clear();
  expect(session.transcript).toEqual([]);
});

test('a page that may not connect is told why', async () => {
  const here = await place({ deployments: { demo: { allowedOrigins: ['https://shop.example'] } } });
  await expect(here.admit()).rejects.toMatchObject({ code: 'forbidden', status: 403 });
  const pass = await here.admit({ origin: 'https://shop.example' });
  await expect(here.connect(pass)).rejects.toMatchObject({ code: 'forbidden', status: 403 });
  const session = await here.connect(pass, { origin: 'https://shop.example' });
  await session.send('hello');
});
