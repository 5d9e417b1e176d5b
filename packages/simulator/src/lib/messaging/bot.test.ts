import { expect, test } from 'vitest';
import { ask, presence, stage, text, token } from '../testing/guest-talk.ts';
import type { GuestMessage } from './bot.ts';

test('the bot repeats what a guest says, after its delay', async () => {
  await using on = await stage({ bot: 'echo', botDelayMs: 250 });
  using socket = await on.join();
  await ask(socket, text('hello'));
  on.clock.advance(249);
  expect(on.simulator.sessions.history(token)).toHaveLength(1);
  on.clock.advance(1);
  expect(await socket.next()).toEqual({
    type: 'message',
    class: 'StructuredMessage',
    code: 200,
    body: {
      id: expect.any(String),
      type: 'Text',
      direction: 'Outbound',
      text: 'Echo: hello',
      channel: { time: '2024-01-15T10:30:00.250Z', messageId: expect.any(String), type: 'Private' },
      originatingEntity: 'Bot',
    },
  });
});

test('what the bot says while nobody is connected is kept', async () => {
  await using on = await stage({ bot: 'echo' });
  using socket = await on.join();
  await ask(socket, text('hello'));
  on.simulator.dropSockets();
  await socket.closed;
  on.clock.advance(100);
  expect(on.simulator.sessions.history(token)).toMatchObject([{ text: 'hello' }, { text: 'Echo: hello' }]);
});

test('a bot of one’s own hears everything but typing, and answers in any shape', async () => {
  const heard: GuestMessage[] = [];
  await using on = await stage({
    bot(message) {
      heard.push(message);
      if (message.events.length > 0) return ['Welcome'];
      return [{ typing: true }, { text: 'Which?', quickReplies: ['This', 'That'] }, { disconnect: true }];
    },
  });
  using socket = await on.join();
  await ask(socket, presence('Join'));
  on.clock.advance(100);
  expect(await socket.next()).toMatchObject({ body: { text: 'Welcome', originatingEntity: 'Bot' } });
  await ask(socket, text('help', { channel: { metadata: { customAttributes: { plan: 'gold' } } } }));
  on.clock.advance(100);
  expect(await socket.next()).toMatchObject({ body: { type: 'Event', events: [{ eventType: 'Typing' }] } });
  expect(await socket.next()).toMatchObject({
    body: {
      type: 'Structured',
      text: 'Which?',
      content: [
        { contentType: 'QuickReply', quickReply: { text: 'This', payload: 'This', action: 'Message' } },
        { contentType: 'QuickReply', quickReply: { text: 'That', payload: 'That', action: 'Message' } },
      ],
    },
  });
  expect(await socket.next()).toMatchObject({ body: { events: [{ presence: { type: 'Disconnect' } }] } });
  expect(heard).toMatchObject([
    { deploymentId: 'demo', type: 'Event', events: [{ presence: { type: 'Join' } }] },
    { text: 'help', customAttributes: { plan: 'gold' } },
  ]);
});

test('the bot says no more than the platform lets through', async () => {
  await using on = await stage({ bot: () => ['x'.repeat(5000)] });
  using socket = await on.join();
  await ask(socket, text('talk'));
  on.clock.advance(100);
  expect(await socket.next()).toMatchObject({ body: { text: 'x'.repeat(4000) } });
});
