import { afterEach, expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError } from '../http/exchange.ts';
import { TransportError } from '../messaging/transport.ts';
import {
  type Behavior,
  type Frame,
  frame,
  MessagingPlatform as Platform,
  refused,
} from '../testing/messaging-platform.ts';
import { openSession } from './open-session.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const begins = Date.parse('2026-01-15T10:30:00Z');
const target = { url: 'wss://webmessaging.example.test/v1', deploymentId: 'd', token: 'secret' };

const open: { session: Session; platform: Platform }[] = [];
afterEach(async () => {
  for (const { session, platform } of open.splice(0)) {
    await session.close();
    expect(platform.clock.pending).toBe(0);
  }
});

function connecting(platform: Platform, options: SessionOptions = {}): Promise<Session> {
  const { clock, transport, exchange } = platform;
  const all: SessionOptions = { clock, random: () => 0.5, ...options };
  return openSession(target, all, { transport, exchange, files: exchange, close: async () => {} });
}

async function connect(platform: Platform, options: SessionOptions = {}): Promise<Session> {
  const session = await platform.clock.settle(connecting(platform, options));
  open.push({ session, platform });
  return session;
}

async function failureOf(promise: Promise<unknown>): Promise<GuestpassError> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(GuestpassError);
  expect(JSON.stringify(error)).not.toContain('hunter2');
  return error;
}

const texts = (session: Session) => session.transcript.map(({ text }) => text);

test('a session connects with the address, the Origin and the token it was given', async () => {
  const platform = new Platform();
  platform.session = { expirationDate: begins / 1000 + 60, maxCustomDataBytes: 100, blockedExtensions: ['.ade'] };
  const session = await connect(platform);
  expect(session.state).toBe('ready');
  expect(session.facts).toMatchObject({
    newSession: true,
    expiresAt: '2026-01-15T10:31:00.000Z',
    maxAttributeBytes: 100,
  });
  expect(platform.peer?.url.href).toBe('wss://webmessaging.example.test/v1?deploymentId=d');
  expect(platform.peer?.headers).toEqual({ origin: 'https://webmessaging.example.test' });
  expect(platform.asked).toMatchObject([{ action: 'configureSession', token: 'secret', deploymentId: 'd' }]);
  expect(platform.requests).toEqual([]);
});

test('a guest pass says where to connect, or the session says that it does not', async () => {
  const platform = new Platform();
  const { clock, transport, exchange } = platform;
  const means = { transport, exchange, files: exchange, close: async () => {} };
  const connection = { url: 'ws://127.0.0.1:4010/v1', deploymentId: 'demo' };
  const pass = { guestId: 'g', channelId: 'demo', sessionToken: 't', expiresAt: null, connect: connection };
  const session = await clock.settle(openSession(pass, { clock }, means));
  open.push({ session, platform });
  expect(platform.peer?.url.href).toBe('ws://127.0.0.1:4010/v1?deploymentId=demo');
  const nowhere = await failureOf(openSession({ ...pass, connect: null }, { clock }, means));
  expect(nowhere.code).toBe('config_invalid');
  const odd = await failureOf(openSession({ ...target, url: 'https://example.test' }, { clock }, means));
  expect(odd.code).toBe('config_invalid');
  const options = await failureOf(
    openSession(pass, { clock, firstMessages: 0, limits: { messagesPerSecond: 0 } }, means),
  );
  expect(options.faults.map(({ pointer }) => pointer)).toEqual(['/firstMessages', '/limits/messagesPerSecond']);
  expect(options.message).toContain('/firstMessages must be at least 1; /limits/messagesPerSecond must be at least 1.');
});

test('an earlier conversation is read, its address beside that of the socket', async () => {
  const platform = new Platform();
  platform.store('hello', 'Inbound');
  platform.store('welcome');
  const session = await connect(platform);
  expect(texts(session)).toEqual(['hello', 'welcome']);
  expect(platform.requests.map(({ url, headers }) => [url, headers])).toEqual([
    [
      'https://api.example.test/api/v2/webmessaging/messages?pageNumber=1&pageSize=25',
      { origin: 'https://webmessaging.example.test', accept: 'application/json', authorization: 'bearer jwt-2' },
    ],
  ]);
});

test('a lost connection is sought with backoff and jitter, up to a limit', async () => {
  const platform = new Platform();
  const states: string[] = [];
  const session = await connect(platform, { reconnect: { attempts: 4 }, onState: (state) => states.push(state) });
  const messages = session.messages();
  for (let n = 0; n < 9; n += 1) platform.refusals.push(new TransportError('ECONNREFUSED'));
  await platform.clock.advance(60_000);
  platform.peer?.close(1006);
  await platform.clock.advance(60_000);
  // Half of 500, 1000, 2000 and 4000 milliseconds.
  expect(platform.dialedAt).toEqual([0, 60_250, 60_750, 61_750, 63_750]);
  expect(states).toEqual(['configuring', 'ready', 'reconnecting', 'closed']);
  expect((await failureOf(messages.next())).code).toBe('platform_unavailable');
  expect((await failureOf(session.send('too late'))).code).toBe('session_closed');
});

test('a first connection that fails for good rejects, and nothing is left open', async () => {
  const reasons: readonly [TransportError, object][] = [
    [new TransportError('upgrade_refused', { status: 403 }), { code: 'forbidden', status: 403 }],
    [new TransportError('upgrade_refused', { status: 404 }), { code: 'endpoint_not_found' }],
    [new TransportError('CERT_HAS_EXPIRED', { permanent: true }), { code: 'platform_unavailable', retryable: false }],
  ];
  for (const [refusal, expected] of reasons) {
    const platform = new Platform();
    platform.refusals.push(refusal);
    expect(await failureOf(platform.clock.settle(connecting(platform)))).toMatchObject(expected);
    expect(platform.clock.pending).toBe(0);
  }
});

test('what passes is waited for: a refused upgrade by Retry-After, too many sessions by retryAfter', async () => {
  const platform = new Platform();
  platform.refusals.push(new TransportError('upgrade_refused', { status: 429, headers: { 'retry-after': '7' } }));
  let configured = 0;
  platform.behave = ({ action }) => {
    if (action !== 'configureSession') return undefined;
    configured += 1;
    return configured === 1 ? [frame('TooManyRequestsErrorMessage', { retryAfter: 3 }, 429)] : undefined;
  };
  const session = await connect(platform);
  expect(session.state).toBe('ready');
  expect(platform.dialedAt).toEqual([0, 7000, 10_000]);
});

const endings: readonly [string, readonly Frame[], object][] = [
  ['a 403', [refused(403)], { code: 'forbidden' }],
  ['a 4000', [refused(4000)], { code: 'forbidden' }],
  ['a 4020', [refused(4020)], { code: 'request_rejected' }],
  ['a 4006', [refused(4006)], { code: 'session_expired' }],
  ['a logout', [frame('LogoutEvent', {})], { code: 'session_signed_out' }],
  ['a 4017', [refused(4017)], { code: 'session_signed_out' }],
];

test.each(endings)('%s in answer to the configuration ends the connecting', async (_, answers, expected) => {
  const platform = new Platform();
  platform.behave = () => answers;
  expect(await failureOf(platform.clock.settle(connecting(platform)))).toMatchObject(expected);
  expect(platform.clock.pending).toBe(0);
});

test('an opening and a configuration that nobody answers are given up and tried again', async () => {
  const platform = new Platform();
  platform.behave = () => (platform.peers.length === 1 ? [] : undefined);
  const session = await connect(platform);
  expect(session.state).toBe('ready');
  expect(platform.dialedAt).toEqual([0, 10_250]);
});

test('the connecting may be given up', async () => {
  const early = new Platform();
  expect((await failureOf(connecting(early, { signal: AbortSignal.abort() }))).code).toBe('aborted');
  const user = new AbortController();
  const platform = new Platform();
  platform.behave = () => [];
  const session = connecting(platform, { signal: user.signal });
  await platform.clock.advance(1000);
  user.abort();
  expect((await failureOf(platform.clock.settle(session))).code).toBe('aborted');
  expect(platform.clock.pending).toBe(0);
});

test('silence is answered with a sign of life, and a dead connection is left', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await platform.clock.advance(60_000);
  expect(platform.asked.filter(({ action }) => action === 'echo').length).toBe(2);
  platform.store('meanwhile');
  platform.behave = ({ action }) => (action === 'echo' ? [] : undefined);
  const [dead] = platform.peers;
  await platform.clock.advance(40_500);
  expect(await dead?.closed).toMatchObject({ code: 1000 });
  expect(session.state).toBe('ready');
  expect(platform.peers.length).toBe(2);
  expect(texts(session)).toEqual(['meanwhile']);
});

test('a health check tells how long the session lasts, and is no message', async () => {
  const platform = new Platform();
  const metadata = { expirationDate: String(begins / 1000 + 90) };
  platform.behave = ({ action }) =>
    action === 'echo' ? [frame('StructuredMessage', { id: 'p', type: 'Text', text: 'ping', metadata })] : undefined;
  const session = await connect(platform);
  await platform.clock.advance(61_000);
  expect(session.facts.expiresAt).toBe('2026-01-15T10:31:30.000Z');
  expect(session.transcript).toEqual([]);
});

test('messages go one at a time and no faster than the limits allow', async () => {
  const platform = new Platform();
  const session = await connect(platform, {
    limits: { messagesPerSecond: 2, requestsPerMinute: 6 },
    healthCheckMs: 1e6,
  });
  const sentAt: number[] = [];
  platform.behave = ({ action }) => {
    if (action === 'onMessage') sentAt.push(platform.clock.monotonic());
    return undefined;
  };
  const sent = Array.from({ length: 7 }, (_, n) => session.send(`${n}`));
  await platform.clock.settle(Promise.all(sent));
  expect(sentAt).toEqual([0, 0, 1000, 1000, 2000, 60_000, 60_000]);
  expect(texts(session)).toEqual(['0', '1', '2', '3', '4', '5', '6']);
});

test('too many messages are waited for as long as the platform asks, and refused when that is absurd', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const retryAfters = [7, 1e9];
  platform.behave = ({ action }) => {
    const retryAfter = action === 'onMessage' ? retryAfters.shift() : undefined;
    return retryAfter === undefined ? undefined : [frame('TooManyRequestsErrorMessage', { retryAfter }, 429)];
  };
  const sent = failureOf(session.send('patience'));
  const error = await platform.clock.settle(sent);
  expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_600_000 });
  expect(platform.clock.monotonic()).toBe(7000);
  expect((await failureOf(session.send('and then'))).code).toBe('rate_limited');
});

test('a message that is refused again and again is given up', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action }) =>
    action === 'onMessage' ? [frame('TooManyRequestsErrorMessage', {}, 429)] : undefined;
  expect(await platform.clock.settle(failureOf(session.send('please')))).toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 3000,
  });
  expect(platform.asked.filter(({ action }) => action === 'onMessage').length).toBe(5);
});

test('a message that no connection survives is given up, and is not in the conversation', async () => {
  const platform = new Platform();
  const session = await connect(platform, { reconnect: { attempts: 100 } });
  platform.behave = ({ action }) => {
    if (action !== 'onMessage') return undefined;
    platform.peer?.close(1006);
    return [];
  };
  expect((await platform.clock.settle(failureOf(session.send('poison')))).code).toBe('platform_unavailable');
  expect(session.transcript).toEqual([]);
});

test.each([
  [4011, 'request_rejected', 'the text is too long (4011)'],
  [4013, 'request_rejected', 'the custom attributes are too large (4013)'],
  [403, 'forbidden', 'it is not allowed (403)'],
  [987, 'request_rejected', 'no reason is known (987)'],
])('a %i for a message is told to its sender, and the next one goes', async (code, expected, meaning) => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ message }) => (message?.text === 'bad' ? [refused(code)] : undefined);
  const [bad, good] = [failureOf(session.send('bad')), session.send('good')];
  expect(await bad).toMatchObject({ code: expected, message: expect.stringContaining(meaning) });
  expect(await good).toMatchObject({ text: 'good' });
});

test('a conversation that turns read-only takes no message, until a new one is begun', async () => {
  const platform = new Platform();
  const states: string[] = [];
  const session = await connect(platform, { onState: (state) => states.push(state) });
  await session.send('hello');
  platform.behave = ({ action }) => (action === 'onMessage' ? [refused(409)] : undefined);
  expect((await failureOf(session.send('still there?'))).code).toBe('session_read_only');
  expect((await failureOf(session.send('hello?'))).code).toBe('session_read_only');
  expect(session.state).toBe('read-only');

  platform.behave = ({ action }) => {
    if (action === 'closeSession') platform.history.length = 0;
    return undefined;
  };
  await session.startNew();
  expect(platform.asked.at(-1)).toMatchObject({ action: 'configureSession', startNew: true });
  expect(session.transcript).toEqual([]);
  expect(await session.send('anew')).toMatchObject({ text: 'anew' });
  expect(states).toEqual(['configuring', 'ready', 'read-only', 'configuring', 'ready']);
});

test('only a connection that breaks while the next conversation begins is a lost one', async () => {
  const platform = new Platform();
  const states: string[] = [];
  const session = await connect(platform, { onState: (state) => states.push(state) });
  platform.behave = ({ action }) => {
    if (action === 'closeSession') platform.peer?.close(1006);
    return undefined;
  };
  await platform.clock.settle(session.startNew());
  expect(states).toEqual(['configuring', 'ready', 'configuring', 'reconnecting', 'ready']);
});

test('a session that begins read-only can be read', async () => {
  const platform = new Platform();
  platform.store('bye');
  platform.session = { readOnly: true };
  const session = await connect(platform);
  expect(session.state).toBe('read-only');
  expect(texts(session)).toEqual(['bye']);
});

test('an agent who leaves is told as an event, and so is typing', async () => {
  const platform = new Platform();
  const events: unknown[] = [];
  const session = await connect(platform, {
    onEvent: (event) => {
      events.push(event);
      throw new Error('of no matter');
    },
  });
  const typing = [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }];
  platform.tell(frame('StructuredMessage', { id: 'e-1', type: 'Event', direction: 'Outbound', events: typing }));
  const left = [{ eventType: 'Presence', presence: { type: 'Disconnect' } }];
  const metadata = { readOnly: 'true' };
  platform.tell(
    frame('StructuredMessage', { id: 'e-2', type: 'Event', direction: 'Outbound', events: left, metadata }),
  );
  platform.tell(refused(4008));
  await platform.clock.advance(0);
  expect(events).toEqual([
    { type: 'typing', author: 'agent', durationMs: 5000 },
    { type: 'presence', presence: 'Disconnect', author: 'agent' },
    { type: 'problem', platformCode: 4008 },
  ]);
  expect(session.state).toBe('read-only');
});

test('typing is told at most once in five seconds', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  session.sendTyping();
  session.sendTyping();
  await platform.clock.advance(5000);
  session.sendTyping();
  await platform.clock.advance(0);
  expect(platform.asked.filter(({ message }) => message?.type === 'Event').length).toBe(2);
});

test('the guest comes in before the first word where that is wanted', async () => {
  const platform = new Platform();
  await connect(platform, { join: true });
  await platform.clock.advance(0);
  expect(platform.asked.at(-1)?.message).toEqual({
    type: 'Event',
    events: [{ eventType: 'Presence', presence: { type: 'Join' } }],
  });
});

test('a session that was taken over elsewhere ends without coming back', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const messages = session.messages();
  platform.tell(frame('ConnectionClosedEvent', { reason: 'signedIn' }));
  expect((await messages.next()).done).toBe(true);
  expect(session.state).toBe('closed');
  await platform.clock.advance(60_000);
  expect(platform.peers.length).toBe(1);
  expect((await failureOf(session.startNew())).code).toBe('session_closed');
});

test('a sender may give up: what waits is not sent, and what was sent may arrive', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action }) => (action === 'onMessage' ? [] : undefined);
  const user = new AbortController();
  const first = failureOf(session.send('sent', { signal: user.signal }));
  const second = failureOf(session.send('waiting', { signal: user.signal }));
  await platform.clock.advance(0);
  user.abort();
  expect((await first).code).toBe('aborted');
  expect((await second).code).toBe('aborted');
  expect((await failureOf(session.send('late', { signal: user.signal }))).code).toBe('aborted');
  platform.behave = () => undefined;
  await platform.clock.advance(20_000);
  expect(platform.asked.filter(({ action }) => action === 'onMessage').map(({ message }) => message?.text)).toEqual([
    'sent',
  ]);
});

test('closing ends what waits, and every reader', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = () => [];
  const reader = session.messages().next();
  const waits = [session.send('never echoed'), session.history(), session.clear(), session.download({ id: 'a' })];
  const failures = Promise.all(waits.map(failureOf));
  await platform.clock.advance(0);
  await session.close();
  await session.close();
  const codes = (await failures).map(({ code }) => code);
  expect(codes).toEqual(['session_closed', 'session_closed', 'session_closed', 'session_closed']);
  expect((await reader).done).toBe(true);
  expect(await platform.peer?.closed).toMatchObject({ code: 1000 });
});

test('a reader may give up alone', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const user = new AbortController();
  const reader = session.messages({ signal: user.signal }).next();
  const enough = new Error('enough');
  user.abort(enough);
  await expect(reader).rejects.toMatchObject({ name: 'GuestpassError', code: 'aborted', cause: enough });
  expect(session.state).toBe('ready');
});

test('a history that cannot be read does not hold up what is said now', async () => {
  const platform = new Platform();
  const events: unknown[] = [];
  const session = await connect(platform, { onEvent: (event) => events.push(event) });
  platform.answerHttp = async () => ({ status: 503, headers: { 'retry-after': '2' }, body: new Uint8Array() });
  platform.behave = ({ message }) => (message?.text === 'in doubt' ? [] : undefined);
  const doubtful = failureOf(session.send('in doubt'));
  await platform.clock.advance(0);
  platform.peer?.close(1006);
  expect((await platform.clock.settle(doubtful)).code).toBe('outcome_unknown');
  expect(events).toEqual([{ type: 'history-unavailable' }]);
  expect(session.state).toBe('ready');
  expect(await session.send('now')).toMatchObject({ text: 'now' });
});

test('a spent token of the history is replaced once, and a good one is kept', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const bearers: (string | undefined)[] = [];
  const { answerHttp } = platform;
  platform.answerHttp = async (request) => {
    bearers.push(request.headers.authorization);
    return bearers.length === 1 ? { status: 401, headers: {}, body: new Uint8Array() } : answerHttp(request);
  };
  await session.history();
  await session.history({ pageNumber: 1 });
  expect(bearers).toEqual(['bearer jwt-2', 'bearer jwt-3', 'bearer jwt-3']);
});

const answer = (status: number, body = '', headers = {}) => ({ status, headers, body: new TextEncoder().encode(body) });
const unreadable: readonly [string, Exchange, object][] = [
  ['401 twice', async () => answer(401), { code: 'unauthorized', status: 401 }],
  ['429', async () => answer(429, '', { 'retry-after': '9' }), { code: 'rate_limited', retryAfterMs: 9000 }],
  ['403', async () => answer(403), { code: 'request_rejected' }],
  ['500', async () => answer(500), { code: 'platform_unavailable' }],
  ['no JSON', async () => answer(200, '<html>'), { code: 'platform_response_invalid' }],
  ['no page', async () => answer(200, '{"entities":7}'), { code: 'platform_response_invalid' }],
  [
    'a broken connection',
    () => Promise.reject(new ExchangeError('ECONNRESET', { sent: 'maybe' })),
    { code: 'platform_unavailable' },
  ],
];

test.each(unreadable)('a history that answers %s is told as what it is', async (_, exchange, expected) => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.answerHttp = exchange;
  expect(await failureOf(session.history())).toMatchObject(expected);
});

test('requests that are refused, or not answered, are told as what they are', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = () => [refused(4000)];
  expect(await failureOf(session.clear())).toMatchObject({ code: 'request_rejected' });
  platform.behave = () => [frame('TooManyRequestsErrorMessage', { retryAfter: 4 }, 429)];
  const limited = platform.clock.settle(failureOf(session.history()));
  expect(await limited).toMatchObject({ code: 'rate_limited', retryAfterMs: 4000 });
  platform.behave = () => [];
  const silent = platform.clock.settle(failureOf(session.history()));
  expect(await silent).toMatchObject({ code: 'platform_unavailable' });
});

const bytes = new Uint8Array([1, 2, 3]);
const file = { name: 'a.txt', type: 'text/plain', bytes };

test('a file is put where the platform says, with its headers, before it is named in a message', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.answerHttp = async () => {
    const { attachmentId } = platform.asked.at(-1) ?? {};
    platform.tell(frame('UploadSuccessEvent', { attachmentId, downloadUrl: 'https://files.test/a' }));
    return answer(200);
  };
  await session.attach(file, { text: 'here' });
  expect(platform.requests).toMatchObject([
    {
      method: 'PUT',
      url: 'https://files.test/a',
      headers: { 'x-amz-tagging': 'k', 'content-type': 'text/plain' },
      body: bytes,
    },
  ]);
  const [announced, said] = platform.asked.slice(-2);
  expect(announced).toMatchObject({ action: 'onAttachment', fileName: 'a.txt', fileSize: 3, errorsAsJson: true });
  expect(said?.message).toMatchObject({ text: 'here', content: [{ attachment: { id: announced?.attachmentId } }] });
});

const unsent: readonly [string, { readonly behave?: Behavior; readonly exchange: Exchange }, object][] = [
  [
    'is refused beforehand',
    {
      behave: ({ attachmentId }) => [frame('GenerateUrlError', { attachmentId, errorCode: 4001 })],
      exchange: async () => answer(200),
    },
    { code: 'request_rejected' },
  ],
  ['cannot be put', { exchange: async () => answer(403) }, { code: 'request_rejected', status: 403 }],
  ['meets a store that is down', { exchange: async () => answer(503) }, { code: 'platform_unavailable' }],
  [
    'meets no store',
    { exchange: () => Promise.reject(new ExchangeError('ECONNREFUSED', { sent: 'no' })) },
    { code: 'platform_unavailable' },
  ],
];

test.each(unsent)('a file that %s is not named in a message', async (_, { behave, exchange }, expected) => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = behave ?? platform.behave;
  platform.answerHttp = exchange;
  expect(await failureOf(session.attach(file))).toMatchObject(expected);
  expect(platform.asked.some(({ action }) => action === 'onMessage')).toBe(false);
});

test('a file whose content is refused after the upload is not named in a message', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.answerHttp = async () => {
    const { attachmentId } = platform.asked.at(-1) ?? {};
    platform.tell(frame('UploadFailureEvent', { attachmentId, errorCode: 4003, errorMessage: 'virus' }));
    return answer(200);
  };
  const error = await failureOf(session.attach(file));
  expect(error.message).toContain('the content of the file is not allowed (4003)');
});

test('an upload that a lost connection breaks off is begun anew', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  let uploads = 0;
  platform.answerHttp = async ({ method }) => {
    if (method === 'GET') return answer(200, '{"entities":[],"total":0}');
    uploads += 1;
    const { attachmentId } = platform.asked.at(-1) ?? {};
    if (uploads === 1) platform.peer?.close(1006);
    else platform.tell(frame('UploadSuccessEvent', { attachmentId }));
    return answer(200);
  };
  const said = await platform.clock.settle(session.attach(file, { text: 'twice' }));
  expect(said.text).toBe('twice');
  expect(uploads).toBe(2);
});

test('a download goes through a fresh address, and an address that is spent is told', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.answerHttp = async () => answer(200, 'bytes');
  expect(new TextDecoder().decode(await session.download({ id: 'a-1' }))).toBe('bytes');
  expect(platform.asked.at(-1)).toMatchObject({ action: 'getAttachment', attachmentId: 'a-1' });
  platform.answerHttp = async () => answer(403);
  expect(await failureOf(session.download({ id: 'a-1' }))).toMatchObject({ code: 'request_rejected', status: 403 });
});

test('a file is uploaded, and sent with a text later', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.answerHttp = async () => {
    const { attachmentId } = platform.asked.at(-1) ?? {};
    platform.tell(frame('UploadSuccessEvent', { attachmentId }));
    return answer(200);
  };
  const photo = await session.upload(file);
  expect(platform.asked.some(({ action }) => action === 'onMessage')).toBe(false);
  await session.send('', { attachments: [photo] });
  expect(platform.asked.at(-1)?.message).toMatchObject({ content: [{ attachment: { id: photo.id } }] });
});

test('an uploaded file is taken back, unless the platform refuses or does not know it', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const deleted = (attachmentId: unknown) => frame('AttachmentDeletedResponse', { attachmentId });
  platform.behave = ({ attachmentId }) => [deleted('another'), deleted(attachmentId)];
  await session.deleteAttachment({ id: 'a-1' });
  expect(platform.asked.at(-1)).toMatchObject({ action: 'deleteAttachment', attachmentId: 'a-1' });
  platform.behave = () => [refused(4009)];
  const error = await failureOf(session.deleteAttachment({ id: 'a-1' }));
  expect(error).toMatchObject({ code: 'request_rejected' });
  expect(error.message).toContain('there is no such attachment (4009)');
  platform.behave = () => [];
  const unanswered = failureOf(session.deleteAttachment({ id: 'a-1' }));
  expect(await platform.clock.settle(unanswered)).toMatchObject({ code: 'platform_unavailable' });
});

test('what the platform refuses of the old conversation does not end the next one', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action, tracingId }) => {
    if (action === 'onMessage') return [];
    if (action !== 'closeSession') return undefined;
    const { tracingId: said } = platform.asked.find((asked) => asked.action === 'onMessage') ?? {};
    platform.tell(refused(403), said);
    platform.tell(frame('SessionResponse', { connected: false }), tracingId);
    return [];
  };
  const waiting = failureOf(session.send('too late'));
  await platform.clock.advance(0);
  await platform.clock.settle(session.startNew());
  expect((await waiting).code).toBe('session_closed');
  expect(session.state).toBe('ready');
});

test('a platform that goes on with the old conversation is not taken for a new one', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.send('still here');
  expect((await failureOf(session.startNew())).code).toBe('request_rejected');
  expect(texts(session)).toEqual(['still here']);
});

test('an echo without its tracing id is known by what it says', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.behave = ({ action, message }) => {
    if (action !== 'onMessage') return undefined;
    const stored = platform.store(message?.text ?? '', 'Inbound');
    platform.peer?.send(JSON.stringify(stored));
    return [];
  };
  expect(await session.send('who said this?')).toMatchObject({ id: 'm-0' });
});

test('what comes before a connection is configured waits for what was missed before it', async () => {
  const platform = new Platform();
  platform.store('first');
  const session = await connect(platform);
  const heard: string[] = [];
  const listening = (async () => {
    for await (const { text } of session) heard.push(text);
  })();
  platform.behave = ({ action }) => {
    if (action !== 'configureSession') return undefined;
    platform.store('missed');
    return [platform.store('early'), frame('SessionResponse', { connected: true, newSession: false })];
  };
  platform.peer?.close(1006);
  await platform.clock.advance(1000);
  expect(session.state).toBe('ready');
  await session.close();
  await listening;
  expect(heard).toEqual(['first', 'missed', 'early']);
});

test('what comes before a new conversation is told of belongs to it, and the end of the old one does not', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.send('old');
  platform.behave = ({ action, startNew }) => {
    if (action === 'closeSession') return [platform.store('farewell'), frame('SessionResponse', { connected: false })];
    return startNew
      ? [platform.store('welcome'), frame('SessionResponse', { connected: true, newSession: true })]
      : undefined;
  };
  await platform.clock.settle(session.startNew());
  expect(texts(session)).toEqual(['welcome']);
});

test('a pause the platform asks for breaks no connection, and requests wait for its end', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const retryAfters = [115];
  platform.behave = ({ action }) => {
    const retryAfter = action === 'onMessage' ? retryAfters.shift() : undefined;
    return retryAfter === undefined ? undefined : [frame('TooManyRequestsErrorMessage', { retryAfter }, 429)];
  };
  const sent = session.send('patience');
  await platform.clock.advance(1000);
  const page = session.history();
  await platform.clock.settle(Promise.all([sent, page]));
  expect(platform.clock.monotonic()).toBe(115_000);
  expect(platform.peers.length).toBe(1);
  expect(platform.asked.map(({ action }) => action)).toEqual(['configureSession', 'onMessage', 'getJwt', 'onMessage']);
});

test('a request whose turn is hours away is refused', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  platform.tell(frame('TooManyRequestsErrorMessage', { retryAfter: 1e9 }, 429));
  await platform.clock.advance(0);
  expect(await failureOf(session.clear())).toMatchObject({ code: 'rate_limited', retryAfterMs: 3_600_000 });
});

test('a dead connection is left, however often a sign of life is asked for', async () => {
  const platform = new Platform();
  await connect(platform, { healthCheckMs: 4000 });
  platform.behave = ({ action }) => (action === 'echo' ? [] : undefined);
  await platform.clock.advance(14_500);
  expect(platform.peers.length).toBe(2);
});

test('what is asked of a session that has ended is refused at once', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  await session.close();
  const asked = [session.clear(), session.download({ id: 'a' }), session.deleteAttachment({ id: 'a' })];
  const codes = asked.map(async (promise) => (await failureOf(promise)).code);
  expect(await Promise.all(codes)).toEqual(['session_closed', 'session_closed', 'session_closed']);
  expect(platform.clock.pending).toBe(0);
});

test('an echo without its tracing id that is told twice is not taken for that of the next message', async () => {
  const platform = new Platform();
  const session = await connect(platform);
  const echo = platform.store('yes', 'Inbound');
  const answers: (readonly Frame[])[] = [[], []];
  platform.behave = ({ action }) => (action === 'onMessage' ? answers.shift() : undefined);
  const first = session.send('yes');
  await platform.clock.advance(0);
  platform.tell(echo);
  await first;
  const second = session.send('yes');
  await platform.clock.advance(0);
  platform.tell(echo);
  expect(await platform.clock.settle(second)).toMatchObject({ id: 'm-1' });
  expect(texts(session)).toEqual(['yes', 'yes']);
});

test('the history is read no faster than the platform allows, and nobody waits for a page of a connection that is gone', async () => {
  const platform = new Platform();
  for (let n = 0; n < 5; n += 1) platform.store(`${n}`);
  const session = await connect(platform, { limits: { historyPagesPerMinute: 2 }, healthCheckMs: 1e6 });
  await platform.clock.settle(session.history());
  platform.peer?.close(1006);
  await platform.clock.advance(30_000);
  platform.peer?.close(1006);
  platform.store('missed');
  await platform.clock.advance(29_000);
  expect([session.state, platform.requests.length]).toEqual(['reconnecting', 2]);
  await platform.clock.advance(1000);
  expect([session.state, platform.requests.length]).toEqual(['ready', 3]);
  expect(texts(session)).toEqual(['0', '1', '2', '3', '4', 'missed']);
});

test('closing gives up a page of the history that is waited for, or on its way', async () => {
  const platform = new Platform();
  const session = await connect(platform, { limits: { historyPagesPerMinute: 1 } });
  platform.answerHttp = (request) =>
    new Promise((_, reject) => {
      request.signal?.addEventListener('abort', () => reject(new ExchangeError('aborted', { sent: 'maybe' })));
    });
  const pages = [session.history(), session.history()].map(failureOf);
  await platform.clock.advance(1000);
  expect(platform.requests.length).toBe(1);
  await session.close();
  expect((await Promise.all(pages)).map(({ code }) => code)).toEqual(['session_closed', 'session_closed']);
  expect(platform.clock.pending).toBe(0);
});
