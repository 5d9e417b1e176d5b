import { expect, test } from 'vitest';
import { ask, configure, event, presence, rateRefused, refused, stage, text, token } from '../testing/guest-talk.ts';

const saying = (message: object, more: object = {}) => ({ action: 'onMessage', token, message, ...more });
const attributes = (customAttributes: object) => ({ channel: { metadata: { customAttributes } } });

test('what a guest says comes back to every connection as the platform sees it', async () => {
  await using on = await stage();
  using socket = await on.join();
  using other = await on.join();
  const own = await ask(socket, text('hello', { tracingId: 't-1' }));
  expect(own).toEqual({
    type: 'message',
    class: 'StructuredMessage',
    code: 200,
    body: {
      id: expect.any(String),
      type: 'Text',
      direction: 'Inbound',
      text: 'hello',
      channel: { time: '2024-01-15T10:30:00.000Z', messageId: expect.any(String), type: 'Private' },
      originatingEntity: 'Human',
    },
    tracingId: 't-1',
  });
  expect(await other.next()).toEqual(own);
});

test('messages of one instant have times in their order', async () => {
  await using on = await stage();
  using socket = await on.join();
  for (const said of ['one', 'two', 'three']) await ask(socket, text(said));
  const times = on.simulator.sessions.history(token).map(({ channel }) => channel.time);
  expect(times).toEqual(['2024-01-15T10:30:00.000Z', '2024-01-15T10:30:00.001Z', '2024-01-15T10:30:00.002Z']);
});

test('custom attributes are taken in the message and beside it', async () => {
  await using on = await stage();
  using socket = await on.join();
  const told = { body: { channel: { metadata: { customAttributes: { plan: 'gold' } } } } };
  expect(await ask(socket, saying({ type: 'Text', text: 'in', ...attributes({ plan: 'gold' }) }))).toMatchObject(told);
  expect(await ask(socket, text('beside', attributes({ plan: 'gold' })))).toMatchObject(told);
});

test('custom attributes are counted in UTF-8, keys and values together', async () => {
  await using on = await stage();
  using socket = await on.join();
  const most = { é: 'é'.repeat(1023) };
  expect(await ask(socket, text('fits', attributes(most)))).toMatchObject({ class: 'StructuredMessage' });
  expect(await ask(socket, text('does not', attributes({ ...most, x: '' })))).toEqual(refused(4013));
  expect(await ask(socket, text('nor does', attributes({ count: 1 })))).toEqual(refused(400));
});

test('a frame that is nested deep enough to break a writer is refused, and the server goes on', async () => {
  await using on = await stage();
  using socket = await on.join();
  const depths = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const button = `{"type":"Button","text":"a","payload":"b","more":${depths}}`;
  const message = `{"type":"Structured","content":[{"contentType":"ButtonResponse","buttonResponse":${button}}]}`;
  const asked = `{"action":"onMessage","token":"${token}","tracingId":"deep","message":${message}}`;
  expect(await ask(socket, asked)).toEqual({ ...refused(400), tracingId: 'deep' });
  expect(await ask(socket, text('still there'))).toMatchObject({ class: 'StructuredMessage' });
});

test('a text may have 4,096 bytes', async () => {
  await using on = await stage();
  using socket = await on.join();
  expect(await ask(socket, text('é'.repeat(2048)))).toMatchObject({ class: 'StructuredMessage' });
  expect(await ask(socket, text(`${'é'.repeat(2048)}.`))).toEqual(refused(4011));
});

test('a message that says nothing, or nothing known, is refused', async () => {
  await using on = await stage({ limits: { messagesPerSecond: 20 } });
  using socket = await on.join();
  expect(await ask(socket, saying({ type: 'Text' }))).toEqual(refused(4020));
  expect(await ask(socket, text(''))).toEqual(refused(4020));
  expect(await ask(socket, { action: 'onMessage', token })).toEqual(refused(4020));
  expect(await ask(socket, saying({ type: 'Structured', text: 'x' }))).toEqual(refused(4020));
  expect(await ask(socket, saying({ type: 'Video', text: 'x' }))).toEqual(refused(400));
  expect(await ask(socket, event({ eventType: 'Other' }))).toEqual(refused(400));
  expect(await ask(socket, presence('SignIn'))).toEqual(refused(400));
  expect(await ask(socket, saying({ type: 'Text', text: 'x', metadata: { count: 1 } }))).toEqual(refused(400));
});

test('a button pressed comes back with its payload', async () => {
  await using on = await stage();
  using socket = await on.join();
  const content = [
    { contentType: 'ButtonResponse', buttonResponse: { type: 'QuickReply', text: 'Yes', payload: 'yes' } },
  ];
  expect(await ask(socket, saying({ type: 'Structured', text: 'Yes', content }))).toMatchObject({
    body: { type: 'Structured', text: 'Yes', content, direction: 'Inbound' },
  });
});

test('a session has to be configured on the connection, with this token', async () => {
  await using on = await stage();
  using known = await on.join();
  using socket = await on.open();
  expect(await ask(socket, text('who is there?'))).toEqual(refused(4007));
  await ask(socket, { ...configure, token: 'another' });
  expect(await ask(socket, text('and now?'))).toEqual(refused(4007));
  expect(known.heard).toEqual([]);
});

test('a sixth message of one second is refused', async () => {
  await using on = await stage();
  using socket = await on.join();
  for (const said of ['1', '2', '3', '4', '5']) await ask(socket, text(said));
  expect(await ask(socket, text('6', { tracingId: 't-6' }))).toEqual({ ...rateRefused(1), tracingId: 't-6' });
  on.clock.advance(1000);
  expect(await ask(socket, text('6'))).toMatchObject({ body: { text: '6' } });
});

test('joining is kept, typing is not', async () => {
  await using on = await stage();
  using socket = await on.join();
  const join = { eventType: 'Presence', presence: { type: 'Join' } };
  const typing = { eventType: 'Typing', typing: { type: 'On', duration: 5000 } };
  expect(await ask(socket, event(join))).toMatchObject({
    body: { type: 'Event', direction: 'Inbound', events: [join] },
  });
  expect(await ask(socket, event(typing))).toMatchObject({ body: { type: 'Event', events: [typing] } });
  expect(on.simulator.sessions.history(token)).toMatchObject([{ events: [join] }]);
});

test('what the messenger tells beside text comes back and is kept', async () => {
  await using on = await stage();
  using socket = await on.join();
  const told = [
    { eventType: 'CoBrowse', coBrowse: { type: 'OfferingAccepted', sessionId: 'c-1' } },
    { eventType: 'Video', video: { type: 'OfferingRejected', offeringId: 'v-1' } },
    { eventType: 'Reactions', reactions: [{ reactionType: 'Emoji', count: 1 }] },
    { eventType: 'Presence', presence: { type: 'AuthenticateCancel' } },
  ];
  for (const said of told) {
    expect(await ask(socket, event(said))).toMatchObject({ body: { type: 'Event', events: [said] } });
  }
  expect(on.simulator.sessions.history(token)).toMatchObject(told.map((said) => ({ events: [said] })));
  expect(await ask(socket, event({ eventType: 'Reactions' }))).toEqual(refused(4020));
});

test('clearing ends the session, its history and every connection', async () => {
  await using on = await stage();
  using socket = await on.join();
  using other = await on.join();
  await ask(socket, text('forget me'));
  await other.next();
  socket.say(presence('Clear'));
  const heard = async () => [await socket.next(), await socket.next(), await socket.next()];
  expect(await heard()).toMatchObject([
    { class: 'StructuredMessage', body: { direction: 'Inbound' } },
    { type: 'message', class: 'SessionClearedEvent', body: {} },
    { type: 'message', class: 'ConnectionClosedEvent', body: {} },
  ]);
  expect(await Promise.all([socket.closed, other.closed])).toEqual([1000, 1000]);
  using again = await on.open();
  expect(await ask(again, configure)).toMatchObject({ body: { newSession: true } });
  expect(on.simulator.sessions.history(token)).toEqual([]);
});

test('clearing is refused where the deployment does not offer it', async () => {
  await using on = await stage({ deployments: { demo: { conversationClear: false } } });
  using socket = await on.join();
  expect(await ask(socket, presence('Clear'))).toMatchObject({
    code: 403,
    body: expect.stringMatching(/conversation clear/i),
  });
});

test('a guest who leaves may only read, or write on, as the deployment has it', async () => {
  await using on = await stage({ deployments: { demo: { conversationDisconnect: 'Send' } } });
  using sending = await on.join();
  const leave = { action: 'disconnectCustomer', token };
  expect(await ask(sending, leave)).toMatchObject({
    body: { direction: 'Outbound', metadata: { readOnly: 'false' }, events: [{ presence: { type: 'Disconnect' } }] },
  });
  expect(await ask(sending, text('one more thing'))).toMatchObject({ body: { text: 'one more thing' } });
  using reading = await on.join(token, { deploymentId: 'your-channel-id' });
  expect(await ask(reading, leave)).toMatchObject({ body: { metadata: { readOnly: 'true' } } });
  expect(await ask(reading, text('one more thing'))).toEqual(refused(409));
  expect(await ask(reading, leave)).toEqual(refused(409));
});
