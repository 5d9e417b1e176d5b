import { createServer, type Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createGuestpass, type Guestpass } from 'guestpass';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { tutorialPayload } from './scene.ts';

// A platform that answers the guests path with whatever it likes, over real sockets; its token endpoint is honest.

const token = JSON.stringify({ access_token: 'canary-token', token_type: 'bearer', expires_in: 3600 });
const guest = JSON.stringify({ guestId: 'guest-1', sessionToken: 'canary-session' });

/** How the next guest is answered; told the socket that has brought a whole request. */
let answer: (socket: Socket) => void;
let guestpass: Guestpass;
/** Another server, and what it was shown. */
let redirect: string;
const elsewhere: string[] = [];
const servers: (Server | HttpServer)[] = [];

async function listening(server: Server | HttpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A cast, because no pipe was listened on.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const sockets = new Set<Socket>();

beforeAll(async () => {
  const login = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(token);
  });
  const api = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    // Requests here are small and come in one piece.
    socket.on('data', () => answer(socket));
  });
  const other = createServer((request, response) => {
    elsewhere.push(`${request.headers.authorization}`);
    response.end();
  });
  redirect = `http://${await listening(other)}/guests`;
  const [loginUrl, apiUrl] = [`http://${await listening(login)}`, `http://${await listening(api)}`];
  guestpass = createGuestpass({
    environment: { kind: 'custom', loginUrl, apiUrl },
    clientId: 'client',
    clientSecret: 'secret',
    requestsPerMinute: Number.POSITIVE_INFINITY,
    retry: { retries: 0 },
    deadlineMs: 5_000,
  });
});

afterAll(async () => {
  await guestpass.close();
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

const head = (status: string, ...fields: string[]) => [`HTTP/1.1 ${status}`, ...fields, '', ''].join('\r\n');
const json = 'content-type: application/json';
const whole = (body: string | Buffer, status = '201 Created', ...fields: string[]) =>
  Buffer.concat([
    Buffer.from(head(status, ...(fields.length > 0 ? fields : [json]), `content-length: ${Buffer.byteLength(body)}`)),
    Buffer.from(body),
  ]);
const says = (bytes: string | Buffer) => (socket: Socket) => void socket.write(bytes);
const saysAndEnds = (bytes: string | Buffer) => (socket: Socket) => void socket.end(bytes);

/** Writes for as long as somebody reads. */
function endless(socket: Socket): void {
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
  const more = () => {
    while (socket.writable && socket.write(chunk));
  };
  socket.write(head('201 Created', json, 'transfer-encoding: chunked'));
  socket.on('drain', more);
  more();
}

const hostile: Readonly<Record<string, (socket: Socket) => void>> = {
  'no HTTP at all': saysAndEnds('SMTP ready\r\n'),
  'a header field of 70 KB': says(head('201 Created', json, `x: ${'a'.repeat(70_000)}`)),
  'two lengths': says(`${head('201 Created', json, 'content-length: 5', `content-length: ${guest.length}`)}${guest}`),
  'a length and chunks': says(
    `${head('201 Created', json, 'content-length: 5', 'transfer-encoding: chunked')}${guest.length.toString(16)}\r\n${guest}\r\n0\r\n\r\n`,
  ),
  'a chunk of no size': says(`${head('201 Created', json, 'transfer-encoding: chunked')}zz\r\n${guest}\r\n0\r\n\r\n`),
  'less than it says': saysAndEnds(whole(guest).subarray(0, -5)),
  'ten megabytes': says(whole(`{"guestId":"${'a'.repeat(10_000_000)}"}`)),
  'a body without an end': endless,
  'a page': says(whole('<html>Welcome</html>', '201 Created', 'content-type: text/html')),
  'JSON that is called text': says(whole(guest, '201 Created', 'content-type: text/plain')),
  'a guest of the prototype': says(whole(`{"__proto__":${guest}}`)),
  'a hundred thousand brackets': says(whole('['.repeat(100_000) + ']'.repeat(100_000))),
  'two guests one after the other': says(whole(`${guest}${guest}`)),
  'a list of guests': says(whole(`[${guest}]`)),
  'a guest id that is a number': says(whole('{"guestId":1,"sessionToken":"x"}')),
  'bytes that are no UTF-8': says(whole(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))),
  'a body that is packed': says(whole(gzipSync(guest), '201 Created', json, 'content-encoding: gzip')),
  nothing: says(whole('')),
  'another success': says(whole(guest, '200 OK')),
  'another protocol': says(head('101 Switching Protocols', 'upgrade: websocket', 'connection: upgrade')),
  'a status that is none': says(head('999999 Huh', json, 'content-length: 0')),
};

test.each(Object.entries(hostile))('%s admits nobody, and harms nobody who comes later', async (_, behave) => {
  answer = behave;
  const ended = await guestpass.attempt(tutorialPayload);
  expect(ended.outcome).not.toBe('admitted');
  expect(ended.durationMs).toBeLessThan(5_000);
  expect(JSON.stringify(ended)).not.toContain('canary');
  answer = says(whole(guest));
  expect(await guestpass.attempt(tutorialPayload)).toMatchObject({ outcome: 'admitted' });
});

test.each([301, 302, 303, 307, 308])(
  'a redirect by %d is not followed, and shows the token to nobody',
  async (status) => {
    answer = says(head(`${status} Moved`, `location: ${redirect}`, 'content-length: 0'));
    expect(await guestpass.attempt(tutorialPayload)).toMatchObject({
      outcome: 'failed',
      error: { code: 'platform_response_invalid' },
    });
    expect(elsewhere).toEqual([]);
  },
);

test('answers of ten megabytes, one after the other, are not kept', async () => {
  answer = says(whole(`{"guestId":"${'a'.repeat(10_000_000)}"}`));
  for (let index = 0; index < 50; index += 1) await guestpass.attempt(tutorialPayload);
  const before = process.memoryUsage.rss();
  for (let index = 0; index < 50; index += 1) await guestpass.attempt(tutorialPayload);
  expect(process.memoryUsage.rss() - before).toBeLessThan(100_000_000);
});
