import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { healthCheckId } from './actions.ts';
import { readServerFrame } from './server-frame.ts';

const read = (frame: unknown) => readServerFrame(JSON.stringify(frame));
const message = (body: object, more: object = {}) =>
  read({ type: 'message', class: 'StructuredMessage', code: 200, body, ...more });

test('a session response tells state, expiry and limits', () => {
  const body = {
    connected: true,
    newSession: true,
    readOnly: false,
    allowedMedia: { inbound: { fileTypes: [{ type: '*/*' }], maxFileSizeKB: 10_240 } },
    blockedExtensions: ['.ade'],
    maxCustomDataBytes: 2048,
    durationSeconds: 259_200,
    expirationDate: 1_768_732_200,
    later: { unknown: 1 },
  };
  expect(read({ type: 'response', class: 'SessionResponse', code: 200, body, tracingId: 't-1' })).toEqual({
    kind: 'session',
    connected: true,
    newSession: true,
    readOnly: false,
    clearedExistingSession: false,
    expiresAtMs: 1_768_732_200_000,
    durationSeconds: 259_200,
    maxAttributeBytes: 2048,
    maxFileBytes: 10_485_760,
    blockedExtensions: ['.ade'],
    tracingId: 't-1',
  });
  expect(
    read({
      class: 'SessionResponse',
      code: 200,
      body: { connected: false, expirationDate: 1e300, clearedExistingSession: true },
    }),
  ).toMatchObject({ connected: false, newSession: false, clearedExistingSession: true, expiresAtMs: null });
});

test('a text with author, time and file', () => {
  const body = {
    id: 'm-1',
    type: 'Text',
    text: 'Here you are',
    direction: 'Outbound',
    originatingEntity: 'Human',
    channel: { time: '2026-01-15T10:30:00.000Z', from: { nickname: 'Ada', firstName: 'Augusta' }, type: 'Private' },
    content: [
      {
        contentType: 'Attachment',
        attachment: {
          id: 'a-1',
          url: 'https://files.test/a',
          filename: 'a.png',
          mime: 'image/png',
          contentSizeBytes: 7,
        },
      },
    ],
    metadata: { correlationId: 'c', odd: 1 },
  };
  expect(message(body)).toEqual({
    kind: 'message',
    events: [],
    metadata: { correlationId: 'c' },
    message: {
      id: 'm-1',
      type: 'Text',
      author: 'agent',
      name: 'Ada',
      text: 'Here you are',
      time: '2026-01-15T10:30:00.000Z',
      attachments: [{ id: 'a-1', url: 'https://files.test/a', name: 'a.png', type: 'image/png', size: 7 }],
      quickReplies: [],
      metadata: { correlationId: 'c' },
      content: body.content,
    },
  });
});

test("the guest's own message comes back inbound with its tracing id", () => {
  const frame = message({ id: 'm-2', type: 'Text', text: 'hi', direction: 'Inbound' }, { tracingId: 't-2' });
  expect(frame).toMatchObject({ kind: 'message', tracingId: 't-2', message: { author: 'guest', time: null } });
});

test('quick replies of a bot', () => {
  const content = [{ contentType: 'QuickReply', quickReply: { text: 'Yes', payload: 'yes' } }, 7];
  const body = {
    id: 'm-3',
    type: 'Structured',
    text: 'Sure?',
    direction: 'Outbound',
    originatingEntity: 'Bot',
    content,
  };
  expect(message(body)).toMatchObject({ message: { author: 'bot', quickReplies: [{ text: 'Yes', payload: 'yes' }] } });
});

test('typing and presence are events, not messages', () => {
  const events = [
    { eventType: 'Typing', typing: { type: 'On', duration: 5000 } },
    { eventType: 'Presence', presence: { type: 'Disconnect' } },
    { eventType: 'CoBrowse' },
  ];
  expect(message({ id: 'e-1', type: 'Event', direction: 'Outbound', events })).toMatchObject({
    message: null,
    events: [
      { type: 'typing', author: 'agent', durationMs: 5000 },
      { type: 'presence', presence: 'Disconnect', author: 'agent' },
    ],
  });
});

test('the answer to a health check is no message, and tells the expiry', () => {
  const metadata = { expirationDate: '1768732200', durationSeconds: '259200' };
  const frame = message(
    { id: 'p', type: 'Text', text: 'ping', direction: 'Inbound', metadata },
    { tracingId: healthCheckId },
  );
  expect(frame).toEqual({ kind: 'pong', expiresAtMs: 1_768_732_200_000, tracingId: healthCheckId });
});

const frames: readonly [string, object, object][] = [
  ['JwtResponse', { jwt: 'j', exp: 1000 }, { kind: 'jwt', jwt: 'j', expiresAtMs: 1_000_000 }],
  [
    'PresignedUrlResponse',
    { attachmentId: 'a', url: 'https://files.test/up', headers: { 'x-amz-tagging': 'k=v' } },
    { kind: 'upload-url', attachmentId: 'a', url: 'https://files.test/up', headers: { 'x-amz-tagging': 'k=v' } },
  ],
  ['UploadSuccessEvent', { attachmentId: 'a', downloadUrl: 'u' }, { kind: 'uploaded', attachmentId: 'a', url: 'u' }],
  [
    'UploadFailureEvent',
    { attachmentId: 'a', errorCode: 4001 },
    { kind: 'upload-failed', attachmentId: 'a', code: 4001 },
  ],
  ['GenerateUrlError', { errorCode: 4002 }, { kind: 'upload-failed', attachmentId: null, code: 4002 }],
  ['AttachmentDeletedResponse', { attachmentId: 'a' }, { kind: 'attachment-deleted', attachmentId: 'a' }],
  ['TooManyRequestsErrorMessage', { retryAfter: 3, errorCode: 4029 }, { kind: 'too-many', retryAfterMs: 3000 }],
  ['TooManyRequestsErrorMessage', { retryAfter: -3 }, { kind: 'too-many', retryAfterMs: null }],
  ['ConnectionClosedEvent', {}, { kind: 'connection-closed', reason: null }],
  ['ConnectionClosedEvent', { reason: 'signedIn' }, { kind: 'connection-closed', reason: 'signedIn' }],
  ['ConnectionClosedEvent', { reasonCode: 'signedIn' }, { kind: 'connection-closed', reason: 'signedIn' }],
  ['LogoutEvent', {}, { kind: 'logged-out' }],
  ['SessionExpiredEvent', {}, { kind: 'expired' }],
  ['SessionClearedEvent', {}, { kind: 'cleared' }],
  ['SomethingNew', {}, { kind: 'unknown', class: 'SomethingNew' }],
  ['toString', {}, { kind: 'unknown', class: 'toString' }],
];

test.each(frames)('%s %j is read', (name, body, expected) => {
  expect(read({ type: 'message', class: name, code: 200, body })).toEqual(expected);
});

test('a text with an error code is an error, and its words are not kept', () => {
  const frame = read({
    type: 'response',
    class: 'string',
    code: 4011,
    body: 'Message too long: hunter2',
    tracingId: 't',
  });
  expect(frame).toEqual({ kind: 'error', code: 4011, tracingId: 't' });
  expect(read({ class: 'SessionResponse', code: 403, body: 'no' })).toEqual({ kind: 'error', code: 403 });
});

test('what is no envelope is unreadable', () => {
  const texts = ['', '{', 'null', '7', '[]', '"ping"', '{"class":7}', '['.repeat(200_000)];
  expect(texts.map(readServerFrame)).toEqual(texts.map(() => ({ kind: 'unreadable' })));
});

test('no frame makes the reader throw', () => {
  const classes = fc.constantFrom(...frames.map(([name]) => name), 'SessionResponse', 'StructuredMessage', '__proto__');
  const envelope = fc.record({ class: classes, code: fc.oneof(fc.integer(), fc.jsonValue()), body: fc.jsonValue() });
  void fc.assert(
    fc.property(fc.oneof(envelope, fc.jsonValue()), (frame) => {
      expect(typeof read(frame).kind).toBe('string');
    }),
  );
});
