import { expect, test } from 'vitest';
import { ask, configure, fieldOf, presence, rateRefused, refused, stage, text, token } from '../testing/guest-talk.ts';
import { accessToken, guestRequest, readJson } from '../testing/requests.ts';

test('the same token at the same deployment is the same session, elsewhere another', async () => {
  await using on = await stage();
  using first = await on.join();
  using second = await on.open();
  expect(await ask(second, configure)).toMatchObject({ body: { newSession: false } });
  using elsewhere = await on.open({ deploymentId: 'your-channel-id' });
  expect(await ask(elsewhere, { ...configure, deploymentId: 'your-channel-id' })).toMatchObject({
    body: { newSession: true },
  });
  expect(first.heard).toEqual([]);
});

test('a token is any text of up to 2,048 characters', async () => {
  await using on = await stage();
  using socket = await on.open();
  expect(await ask(socket, { ...configure, token: 'x'.repeat(2048) })).toMatchObject({ body: { connected: true } });
  expect(await ask(socket, { ...configure, token: 'x'.repeat(2049) })).toEqual(refused(400));
});

test('what is missing is 4020, what is wrong 400, and the request is named', async () => {
  await using on = await stage();
  using socket = await on.open();
  expect(await ask(socket, { action: 'configureSession', token, tracingId: 't' })).toEqual({
    ...refused(4020),
    body: 'Missing parameter: deploymentId.',
    tracingId: 't',
  });
  expect(await ask(socket, { action: 'configureSession', tracingId: 't' })).toMatchObject({
    code: 4020,
    tracingId: 't',
  });
  expect(await ask(socket, { ...configure, startNew: 'yes' })).toEqual(refused(400));
  expect(await ask(socket, { ...configure, deploymentId: 'your-channel-id' })).toEqual(refused(400));
  expect(await ask(socket, { ...configure, action: 'joinConversation' })).toEqual(refused(400));
  expect(await ask(socket, { ...configure, action: 'constructor' })).toEqual(refused(400));
  expect(await ask(socket, '{')).toEqual(refused(400));
  expect(await ask(socket, '"text"')).toEqual(refused(400));
});

test('a fourth connection closes the oldest', async () => {
  await using on = await stage();
  using oldest = await on.join();
  using second = await on.join();
  using third = await on.join();
  using fourth = await on.join();
  expect(await oldest.next()).toEqual({ type: 'message', class: 'ConnectionClosedEvent', code: 200, body: {} });
  expect(await oldest.closed).toBe(1000);
  await ask(fourth, text('still there?'));
  expect([await second.next(), await third.next()]).toMatchObject([{ body: { text: 'still there?' } }, {}]);
});

test('closing leaves the session and keeps the socket; the others are closed when asked for', async () => {
  await using on = await stage();
  using other = await on.join();
  using socket = await on.join();
  expect(await ask(socket, { action: 'closeSession', token, closeAllConnections: true })).toMatchObject({
    class: 'SessionResponse',
    body: { connected: false, readOnly: false },
  });
  expect(await other.next()).toMatchObject({ class: 'ConnectionClosedEvent' });
  expect(await other.closed).toBe(1000);
  expect(await ask(socket, text('anybody?'))).toEqual(refused(4007));
  expect(await ask(socket, configure)).toMatchObject({ body: { connected: true, newSession: false } });
});

test('a session that is over for writing is started anew by closing and startNew', async () => {
  await using on = await stage();
  using socket = await on.join();
  await ask(socket, text('before'));
  socket.say(presence('Disconnect'));
  expect(await socket.next()).toMatchObject({ body: { metadata: { readOnly: 'true' }, direction: 'Outbound' } });
  expect(await ask(socket, text('too late'))).toEqual(refused(409));
  using again = await on.open();
  expect(await ask(again, configure)).toMatchObject({ body: { readOnly: true, newSession: false } });
  expect(await ask(again, { action: 'closeSession', token, closeAllConnections: true })).toMatchObject({
    body: { connected: false, readOnly: true },
  });
  expect(await ask(again, { ...configure, startNew: true })).toMatchObject({
    body: { connected: true, readOnly: false, newSession: true },
  });
  expect(on.simulator.sessions.history(token)).toEqual([]);
});

test('startNew leaves a session that may be written to as it is', async () => {
  await using on = await stage();
  using socket = await on.join();
  await ask(socket, text('before'));
  expect(await ask(socket, { ...configure, startNew: true })).toMatchObject({ body: { newSession: false } });
  expect(on.simulator.sessions.history(token)).toHaveLength(1);
});

test('the token of a guest let in over REST is for its channel alone, and for its time', async () => {
  await using on = await stage({ sessionLifetimeSeconds: 3600 });
  const access = await accessToken(on.simulator);
  const guest = async () => {
    const created = await readJson(await on.simulator.fetch(guestRequest({ token: access })));
    return String(created.sessionToken);
  };
  const [used, late] = [await guest(), await guest()];
  using wrong = await on.open();
  expect(await ask(wrong, { ...configure, token: used })).toEqual(refused(403));
  using socket = await on.open({ deploymentId: 'your-channel-id' });
  const right = { ...configure, deploymentId: 'your-channel-id' };
  expect(await ask(socket, { ...right, token: used })).toMatchObject({
    body: { newSession: true, expirationDate: Date.parse('2024-01-15T11:30:00Z') / 1000 },
  });
  on.clock.advance(3_600_000);
  await socket.next();
  expect(await ask(socket, { ...right, token: late })).toEqual(refused(4006));
});

test('configuring one session too often in a minute is refused', async () => {
  await using on = await stage({ limits: { configuresPerMinute: 1 } });
  using socket = await on.join();
  on.clock.advance(10_000);
  expect(await ask(socket, configure)).toEqual(rateRefused(50));
  expect(await ask(socket, { ...configure, token: 'another' })).toMatchObject({ class: 'SessionResponse' });
});

test('requests of every kind on one connection are counted', async () => {
  await using on = await stage({ limits: { requestsPerMinute: 2 } });
  using socket = await on.join();
  await ask(socket, '{');
  expect(await ask(socket, { action: 'getJwt', token, tracingId: 't' })).toEqual({
    ...rateRefused(60),
    tracingId: 't',
  });
  using other = await on.open();
  expect(await ask(other, configure)).toMatchObject({ class: 'SessionResponse' });
});

test('the configuration is told without a session', async () => {
  await using on = await stage({ deployments: { demo: { attachments: false } } });
  using socket = await on.open();
  expect(await ask(socket, { action: 'getConfiguration', token, deploymentId: 'demo' })).toMatchObject({
    class: 'GetConfigurationResponse',
    body: { allowedMedia: {}, maxCustomDataBytes: 2048, messageRoutingEnabled: true, sessionDurationSeconds: 259_200 },
  });
});

test('a resume token makes another token stand for the session, for a minute', async () => {
  await using on = await stage();
  using socket = await on.join();
  await ask(socket, text('before'));
  const resume = await ask(socket, { action: 'resumeToken', token });
  expect(resume).toMatchObject({ class: 'ResumeTokenResponse', body: { exp: on.clock.now() / 1000 + 60 } });
  const resumeToken = fieldOf(resume, 'resumeToken');
  using again = await on.open();
  const other = { ...configure, token: 'other', resumeToken };
  expect(await ask(again, other)).toMatchObject({ body: { newSession: false } });
  expect(await ask(again, { ...text('after'), token: 'other' })).toMatchObject({ body: { text: 'after' } });
  expect(on.simulator.sessions.history(token)).toHaveLength(2);
  on.clock.advance(60_000);
  expect(await ask(again, { ...other, token: 'third' })).toEqual(refused(401));
  expect(await ask(again, { ...other, resumeToken: 'not one' })).toEqual(refused(401));
});

test('a health check says back what was said, and when the session ends', async () => {
  await using on = await stage();
  using socket = await on.join();
  const echo = { action: 'echo', token, tracingId: 'check', message: { type: 'Text', text: 'ping' } };
  expect(await ask(socket, echo)).toEqual({
    type: 'response',
    class: 'StructuredMessage',
    code: 200,
    body: {
      id: expect.any(String),
      type: 'Text',
      direction: 'Inbound',
      text: 'ping',
      channel: { time: '2024-01-15T10:30:00.000Z', messageId: expect.any(String), type: 'Private' },
      metadata: { durationSeconds: '259200', expirationDate: '1705573800' },
    },
    tracingId: 'check',
  });
  await ask(socket, echo);
  expect(await ask(socket, echo)).toEqual({ ...rateRefused(60), tracingId: 'check' });
  expect(on.simulator.sessions.history(token)).toEqual([]);
});

test('a session ends on the clock, and every message begins its time anew', async () => {
  await using on = await stage({ sessionLifetimeSeconds: 900 });
  using socket = await on.join();
  using other = await on.join();
  on.clock.advance(600_000);
  await ask(socket, text('still here'));
  await other.next();
  on.clock.advance(600_000);
  expect(await ask(socket, text('and here'))).toMatchObject({ body: { text: 'and here' } });
  await other.next();
  on.clock.advance(899_999);
  expect(socket.heard).toEqual([]);
  on.clock.advance(1);
  const expired = { type: 'response', class: 'SessionExpiredEvent', code: 200, body: {} };
  expect([await socket.next(), await other.next()]).toEqual([expired, expired]);
  expect(await ask(socket, text('too late'))).toEqual(refused(4006));
  expect(await ask(socket, configure)).toEqual(refused(4006));
  expect(await ask(socket, { ...configure, startNew: true })).toMatchObject({ body: { newSession: true } });
});

test('a session nobody is connected to ends too, with no timer waiting', async () => {
  await using on = await stage({ sessionLifetimeSeconds: 900 });
  using socket = await on.join();
  await ask(socket, { action: 'closeSession', token });
  expect(on.clock.pending).toBe(0);
  on.clock.advance(900_000);
  expect(on.simulator.sessions.list()).toMatchObject([{ state: 'expired' }]);
  expect(await ask(socket, configure)).toEqual(refused(4006));
});
