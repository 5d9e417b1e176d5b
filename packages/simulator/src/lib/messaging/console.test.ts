import { expect, test } from 'vitest';
import { ask, configure, fieldOf, refused, type Stage, stage, text, token } from '../testing/guest-talk.ts';
import { readJson } from '../testing/requests.ts';

const control = async ({ simulator }: Stage, path: string, body?: unknown) => {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const response = await simulator.fetch(new Request(`http://simulator.test/_sim/sessions${path}`, init));
  return { status: response.status, body: response.status === 204 ? null : await readJson(response) };
};

test('sessions are listed with their tokens shortened', async () => {
  await using on = await stage();
  using socket = await on.join();
  await ask(socket, text('hello'));
  const { body } = await control(on, '');
  expect(body).toEqual({
    sessions: [
      {
        id: expect.any(String),
        deploymentId: 'demo',
        token: '6b0a…',
        state: 'open',
        connections: 1,
        messages: 1,
        attended: false,
        createdAt: '2024-01-15T10:30:00.000Z',
        expiresAt: '2024-01-18T10:30:00.000Z',
      },
    ],
  });
  expect(JSON.stringify(body)).not.toContain(token);
});

test('an agent speaks to the guest by token or by id, and the bot is quiet from then on', async () => {
  await using on = await stage({ bot: 'echo' });
  using socket = await on.join();
  const said = await control(on, `/${token}/messages`, { text: 'This is Ann', nickname: 'Ann' });
  const heard = await socket.next();
  expect(heard).toMatchObject({
    body: {
      type: 'Text',
      direction: 'Outbound',
      text: 'This is Ann',
      channel: { from: { nickname: 'Ann' } },
      originatingEntity: 'Human',
    },
  });
  expect([said.status, said.body]).toEqual([201, { messageId: fieldOf(heard, 'id') }]);
  await ask(socket, text('hello Ann'));
  on.clock.advance(100);
  const [session] = on.simulator.sessions.list();
  expect(session).toMatchObject({ attended: true, messages: 2 });
  expect((await control(on, `/${session?.id}/messages`, { typing: true })).body).toEqual({ messageId: null });
  expect(await socket.next()).toMatchObject({
    body: { events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }] },
  });
  expect((await control(on, `/${token}/messages`)).body).toMatchObject({
    messages: [{ text: 'This is Ann' }, { text: 'hello Ann' }],
  });
});

test('an agent sends a file', async () => {
  await using on = await stage();
  using socket = await on.join();
  const attachment = { fileName: 'map.png', fileType: 'image/png', base64: btoa('a map') };
  await control(on, `/${token}/messages`, { text: 'Here', attachment });
  const { body } = await socket.next();
  expect(body).toMatchObject({
    type: 'Text',
    content: [{ contentType: 'Attachment', attachment: { filename: 'map.png', mediaType: 'Image', fileSize: 5 } }],
  });
  const url = /"url":"([^"]+)"/.exec(JSON.stringify(body))?.[1] ?? '';
  expect(await (await fetch(url)).text()).toBe('a map');
});

test('an agent who leaves ends the writing', async () => {
  await using on = await stage();
  using socket = await on.join();
  await control(on, `/${token}/messages`, { text: 'Goodbye', disconnect: true });
  expect(await socket.next()).toMatchObject({ body: { text: 'Goodbye' } });
  expect(await socket.next()).toMatchObject({
    body: { type: 'Event', direction: 'Outbound', metadata: { readOnly: 'true' }, originatingEntity: 'Human' },
  });
  expect(await ask(socket, text('wait'))).toEqual(refused(409));
  expect(await control(on, `/${token}/messages`, { text: 'yes?' })).toMatchObject({ status: 409 });
});

test('guests are not told of a leaving their deployment keeps to itself', async () => {
  await using on = await stage({ deployments: { demo: { conversationDisconnect: 'off' } } });
  using socket = await on.join();
  await control(on, `/${token}/messages`, { disconnect: true });
  expect(await ask(socket, text('anybody?'))).toMatchObject({ body: { text: 'anybody?' } });
});

test('what is no reply, or for nobody, is refused', async () => {
  await using on = await stage();
  using socket = await on.join();
  expect(await control(on, '/nobody/messages', { text: 'hello' })).toMatchObject({ status: 404 });
  expect(await control(on, `/${token}/messages`, {})).toMatchObject({
    status: 400,
    body: { code: 'constraint.validation' },
  });
  expect(await control(on, `/${token}/messages`, { text: 'x'.repeat(4001) })).toMatchObject({ status: 400 });
  expect(await control(on, `/${token}/messages`, { shout: true })).toMatchObject({ status: 400 });
  expect(await control(on, '/nobody/expire', {})).toMatchObject({ status: 404 });
  expect(await control(on, '/nobody/messages')).toMatchObject({ status: 200, body: { messages: [] } });
  expect(socket.heard).toEqual([]);
});

test('a session is ended in the middle of a talk', async () => {
  await using on = await stage();
  using socket = await on.join();
  expect((await control(on, `/${token}/expire`, {})).status).toBe(204);
  expect(await socket.next()).toMatchObject({ type: 'response', class: 'SessionExpiredEvent' });
  expect(await ask(socket, configure)).toEqual(refused(4006));
});

test('an agent tells events of every kind, each a message of its own', async () => {
  await using on = await stage();
  using socket = await on.join();
  const authenticate = { eventType: 'Presence', presence: { type: 'Authenticate' } } as const;
  const offer = { eventType: 'CoBrowse', coBrowse: { type: 'Offering', sessionId: 'c-1' } } as const;
  on.simulator.sessions.say(token, { text: 'Please sign in', events: [authenticate, offer] });
  expect([await socket.next(), await socket.next(), await socket.next()]).toMatchObject([
    { body: { text: 'Please sign in' } },
    { body: { type: 'Event', direction: 'Outbound', events: [authenticate] } },
    { body: { type: 'Event', direction: 'Outbound', events: [offer] } },
  ]);
  expect(on.simulator.sessions.say(token, { events: [{ eventType: 'Other' }] })).toMatchObject({
    ok: false,
    problem: 'not_a_reply',
  });
});

test('what an agent says is not nested so deep that nobody can write it', async () => {
  await using on = await stage();
  using socket = await on.join();
  const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  const said = on.simulator.sessions.say(token, { content: [{ contentType: 'Card', deep }] });
  expect(said).toMatchObject({ ok: false, problem: 'not_a_reply' });
  on.simulator.sessions.say(token, { text: 'hello' });
  expect(await socket.next()).toMatchObject({ body: { text: 'hello' } });
});
