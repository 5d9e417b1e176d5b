import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { GuestSocket, Heard } from '../testing/guest-socket.ts';
import { ask, fieldOf, refused, type Stage, stage, token } from '../testing/guest-talk.ts';

const announcing = (more: object = {}) => ({
  action: 'onAttachment',
  token,
  attachmentId: 'file-1',
  fileName: 'note.txt',
  fileType: 'text/plain',
  errorsAsJson: true,
  ...more,
});

const sending = (id: string) => ({
  action: 'onMessage',
  token,
  message: { type: 'Text', text: 'see this', content: [{ contentType: 'Attachment', attachment: { id } }] },
});

const put = ({ simulator }: Stage, presigned: Heard, body: string) => {
  const headers = new Headers(Object(Reflect.get(Object(presigned.body), 'headers')));
  return simulator.fetch(new Request(fieldOf(presigned, 'url'), { method: 'PUT', headers, body }));
};

/** Announces a file, puts it and returns what the socket then tells. */
const upload = async (on: Stage, socket: GuestSocket, { body = 'hello', more = {} } = {}) => {
  const presigned = await ask(socket, announcing(more));
  const { status } = await put(on, presigned, body);
  return { presigned, status, told: await socket.next() };
};

const problem = (errorCode: number) => ({
  type: 'message',
  class: 'GenerateUrlError',
  code: 200,
  body: { attachmentId: 'file-1', errorCode, errorMessage: expect.any(String) },
});

test('a file is announced, put, sent, and fetched by who reads the message', async () => {
  await using on = await stage({ bot: 'echo', botDelayMs: 100 });
  using socket = await on.join();
  const { presigned, status, told } = await upload(on, socket, { more: { fileSize: 5, tracingId: 't-1' } });
  expect(presigned).toEqual({
    type: 'response',
    class: 'PresignedUrlResponse',
    code: 200,
    body: {
      attachmentId: 'file-1',
      url: expect.stringMatching(`^${on.url}/attachments/file-1`),
      headers: { 'x-amz-tagging': expect.any(String) },
      fileName: 'note.txt',
      fileType: 'text/plain',
      fileSize: 5,
    },
    tracingId: 't-1',
  });
  expect([status, told]).toEqual([
    200,
    {
      type: 'message',
      class: 'UploadSuccessEvent',
      code: 200,
      body: { attachmentId: 'file-1', downloadUrl: expect.any(String), timestamp: '2024-01-15T10:30:00.000Z' },
    },
  ]);
  const sent = await ask(socket, sending('file-1'));
  expect(sent).toMatchObject({
    body: {
      text: 'see this',
      content: [
        {
          contentType: 'Attachment',
          attachment: {
            id: 'file-1',
            filename: 'note.txt',
            mime: 'text/plain',
            mediaType: 'File',
            fileSize: 5,
            sha256: createHash('sha256').update('hello').digest('hex'),
          },
        },
      ],
    },
  });
  on.clock.advance(100);
  expect(await socket.next()).toMatchObject({
    body: { direction: 'Outbound', text: 'Echo: see this', content: [{ attachment: { id: 'file-1' } }] },
  });
  const fetched = await fetch(fieldOf(told, 'downloadUrl'));
  expect([fetched.status, fetched.headers.get('content-type'), await fetched.text()]).toEqual([
    200,
    'text/plain',
    'hello',
  ]);
  expect(fetched.headers.get('content-disposition')).toContain('note.txt');
});

test('a file that is not wanted is refused before it is put', async () => {
  await using on = await stage({ deployments: { demo: { fileTypes: ['text/*', 'image/png'] } } });
  using socket = await on.join();
  const judged = (more: object) => ask(socket, announcing(more));
  expect(await judged({ fileType: 'video/mpeg' })).toEqual(problem(4001));
  expect(await judged({ fileName: 'virus.EXE' })).toEqual(problem(4001));
  expect(await judged({ fileSize: 10_240 * 1024 + 1 })).toEqual(problem(4002));
  expect(await judged({ fileSize: 0 })).toEqual(problem(4102));
  expect(await judged({ fileName: 'note' })).toEqual(problem(4004));
  expect(await judged({ fileName: `${'n'.repeat(1020)}.txt` })).toEqual(problem(4005));
  expect(await judged({ fileName: 'note', errorsAsJson: false })).toEqual(refused(4004));
  expect(await judged({ fileName: undefined })).toEqual(refused(4020));
  expect(await judged({ fileType: 'image/png' })).toMatchObject({ class: 'PresignedUrlResponse' });
});

test('a deployment without attachments says so', async () => {
  await using on = await stage({ deployments: { demo: { attachments: false } } });
  using socket = await on.join();
  expect(await ask(socket, announcing())).toEqual(problem(4000));
});

test('what is put is judged, and told on the socket', async () => {
  await using on = await stage({ limits: { fileKilobytes: 1, messagesPerSecond: 20 } });
  using socket = await on.join();
  const judged = async (attachmentId: string, { body = 'hello', more = {} }) => {
    const { status, told } = await upload(on, socket, { body, more: { attachmentId, ...more } });
    expect(await ask(socket, sending(attachmentId))).toEqual(refused(4010));
    return [status, told.class, fieldOf(told, 'errorCode')];
  };
  expect(await judged('larger', { body: 'x'.repeat(1025) })).toEqual([200, 'UploadFailureEvent', '4002']);
  expect(await judged('other size', { more: { fileSize: 4 } })).toEqual([200, 'UploadFailureEvent', '4002']);
  expect(await judged('other bytes', { more: { fileMd5: 'x' } })).toEqual([200, 'UploadFailureEvent', '4003']);
  expect(await judged('empty', { body: '' })).toEqual([200, 'UploadFailureEvent', '4102']);
  const fileMd5 = createHash('md5').update('hello').digest('hex');
  const right = await upload(on, socket, { more: { attachmentId: 'right', fileMd5 } });
  expect(right.told.class).toBe('UploadSuccessEvent');
});

test('an address is good for its file, its method, its headers and ten minutes', async () => {
  await using on = await stage();
  using socket = await on.join();
  const presigned = await ask(socket, announcing());
  const url = fieldOf(presigned, 'url');
  const statusOf = async (request: Request) => (await on.simulator.fetch(request)).status;
  expect(await statusOf(new Request(url))).toBe(403);
  expect(await statusOf(new Request(url.replace('file-1', 'file-2'), { method: 'PUT', body: 'x' }))).toBe(403);
  expect(await statusOf(new Request(url.replace(/expires=\d+/, 'expires=9999999999999'), { method: 'PUT' }))).toBe(403);
  expect(await statusOf(new Request(url, { method: 'PUT', body: 'x' }))).toBe(403);
  on.clock.advance(600_000);
  expect((await put(on, presigned, 'x')).status).toBe(403);
  expect(socket.heard).toEqual([]);
});

test('a file of ten megabytes is taken whole', async () => {
  await using on = await stage();
  using socket = await on.join();
  const body = 'x'.repeat(10_240 * 1024);
  const { told } = await upload(on, socket, { body, more: { fileSize: body.length } });
  expect(told.class).toBe('UploadSuccessEvent');
  expect((await (await fetch(fieldOf(told, 'downloadUrl'))).text()).length).toBe(body.length);
});

test('a file is fetched anew, and taken back until it was sent', async () => {
  await using on = await stage();
  using socket = await on.join();
  const get = { action: 'getAttachment', token, attachmentId: 'file-1' };
  const remove = { ...get, action: 'deleteAttachment' };
  expect(await ask(socket, get)).toEqual(refused(4009));
  await ask(socket, announcing());
  expect(await ask(socket, get)).toEqual(refused(4010));
  expect(await ask(socket, announcing())).toEqual(problem(400));
  expect(await ask(socket, remove)).toEqual({
    type: 'message',
    class: 'AttachmentDeletedResponse',
    code: 200,
    body: { attachmentId: 'file-1' },
  });
  expect(await ask(socket, remove)).toEqual(refused(4009));
  await upload(on, socket, { more: { attachmentId: 'file-2' } });
  await ask(socket, sending('file-2'));
  expect(await ask(socket, { ...remove, attachmentId: 'file-2' })).toEqual(refused(400));
  const fresh = await ask(socket, { ...get, attachmentId: 'file-2' });
  expect(fresh).toMatchObject({ class: 'PresignedUrlResponse', body: { headers: {}, fileSize: 5 } });
  expect(await (await fetch(fieldOf(fresh, 'url'))).text()).toBe('hello');
});

test('the files of another session are not found', async () => {
  await using on = await stage();
  using socket = await on.join();
  await upload(on, socket);
  using other = await on.join('other');
  const theirs = { token: 'other', attachmentId: 'file-1' };
  expect(await ask(other, { action: 'getAttachment', ...theirs })).toEqual(refused(4009));
  expect(await ask(other, { ...sending('file-1'), token: 'other' })).toEqual(refused(4009));
});

test('what is written down of an upload is neither its address nor its content', async () => {
  await using on = await stage();
  using socket = await on.join();
  const { presigned } = await upload(on, socket, { body: '{"a":1}' });
  expect(on.simulator.requests.at(-1)).toMatchObject({
    operation: 'attachment',
    path: '/attachments/file-1',
    body: { bytes: 7 },
  });
  expect(JSON.stringify(on.simulator.requests)).not.toContain(
    new URL(fieldOf(presigned, 'url')).searchParams.get('signature'),
  );
});

test('names and types that no address and no header can hold are refused', async () => {
  await using on = await stage();
  using socket = await on.join();
  expect(await ask(socket, announcing({ attachmentId: '\ud800' }))).toEqual(refused(400));
  expect(await ask(socket, announcing({ fileName: '\ud800.txt' }))).toEqual(problem(4004));
  expect(await ask(socket, announcing({ fileType: 'text/html\r\nX-Other: 1' }))).toEqual(problem(4001));
});
