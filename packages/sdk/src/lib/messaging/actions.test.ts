import { expect, test } from 'vitest';
import {
  announceAttachment,
  closeSession,
  configureAuthenticatedSession,
  configureSession,
  deleteAttachment,
  getAttachment,
  getJwt,
  sendClear,
  sendEcho,
  sendJoin,
  sendMessage,
  sendTyping,
} from './actions.ts';

const asked = { token: 'secret', tracingId: 't-1' };
const parsed = (text: string) => JSON.parse(text);

test('each request of a session is written as the platform reads it', () => {
  expect(parsed(configureSession({ ...asked, deploymentId: 'd' }))).toEqual({
    action: 'configureSession',
    ...asked,
    deploymentId: 'd',
  });
  expect(parsed(configureSession({ ...asked, deploymentId: 'd', startNew: true })).startNew).toBe(true);
  expect(parsed(configureAuthenticatedSession({ ...asked, deploymentId: 'd' }, 'jwt'))).toEqual({
    action: 'configureAuthenticatedSession',
    ...asked,
    deploymentId: 'd',
    data: { code: 'jwt' },
  });
  expect(parsed(closeSession(asked))).toEqual({ action: 'closeSession', ...asked, closeAllConnections: true });
  expect(parsed(getJwt(asked))).toEqual({ action: 'getJwt', ...asked });
  expect(parsed(sendEcho('secret'))).toMatchObject({ action: 'echo', message: { type: 'Text', text: 'ping' } });
});

test('a text carries its attributes in the message or beside it', () => {
  const draft = { text: 'hi', attributes: { origin: 'shop' } };
  const channel = { metadata: { customAttributes: { origin: 'shop' } } };
  expect(parsed(sendMessage(asked, draft, 'message'))).toEqual({
    action: 'onMessage',
    ...asked,
    message: { type: 'Text', text: 'hi', channel },
  });
  expect(parsed(sendMessage(asked, draft, 'envelope'))).toEqual({
    action: 'onMessage',
    ...asked,
    message: { type: 'Text', text: 'hi' },
    channel,
  });
});

test('files and chosen answers', () => {
  expect(parsed(sendMessage(asked, { text: '', attachmentIds: ['a'] }, 'message')).message).toEqual({
    type: 'Text',
    content: [{ contentType: 'Attachment', attachment: { id: 'a' } }],
  });
  const button = { type: 'QuickReply', text: 'Yes', payload: 'yes', originatingMessageId: 'm-1' } as const;
  expect(parsed(sendMessage(asked, { text: 'Yes', button }, 'message')).message).toEqual({
    type: 'Structured',
    text: 'Yes',
    content: [{ contentType: 'ButtonResponse', buttonResponse: button }],
  });
  const reply = { text: 'Yes', payload: 'yes' };
  expect(parsed(sendMessage(asked, { text: 'Yes', button: reply }, 'message')).message.content).toEqual([
    { contentType: 'ButtonResponse', buttonResponse: { type: 'QuickReply', ...reply } },
  ]);
});

test('events', () => {
  expect(parsed(sendTyping(asked, 5000)).message).toEqual({
    type: 'Event',
    events: [{ eventType: 'Typing', typing: { type: 'On', duration: 5000 } }],
  });
  const presence = (type: string) => ({ type: 'Event', events: [{ eventType: 'Presence', presence: { type } }] });
  expect(parsed(sendClear(asked)).message).toEqual(presence('Clear'));
  expect(parsed(sendJoin(asked)).message).toEqual(presence('Join'));
});

test('attachments', () => {
  expect(parsed(announceAttachment(asked, 'a', { name: 'x.png', type: 'image/png', size: 7 }))).toEqual({
    action: 'onAttachment',
    ...asked,
    attachmentId: 'a',
    fileName: 'x.png',
    fileType: 'image/png',
    fileSize: 7,
    errorsAsJson: true,
  });
  expect(parsed(getAttachment(asked, 'a'))).toEqual({ action: 'getAttachment', ...asked, attachmentId: 'a' });
  expect(parsed(deleteAttachment(asked, 'a'))).toEqual({ action: 'deleteAttachment', ...asked, attachmentId: 'a' });
});
