import { request } from 'node:https';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { Agent, WebSocket } from 'undici';
import { afterEach, expect, test } from 'vitest';

// What other published clients write on the wire, in their order, with their fields and their headers, on real sockets
// with TLS. Each is told in our own words from its source, which is named. docs/verified-and-simulated.md says
// which of them were also run themselves.

const origin = 'https://shop.example';
const token = 'c3e5e6f0-3a5d-4d0e-9a57-1f6f1c2f7a10';

const open: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Heard {
  readonly type: string;
  readonly class: string;
  readonly code: number;
  readonly tracingId?: string;
  // Read by the tests below alone, which fail on its fields.
  readonly body: Record<string, never>;
}

interface Place {
  readonly simulator: Simulator;
  readonly url: string;
  readonly ca: string;
}

/** A platform that greets whoever joins, answers with two quick replies, and says goodbye to `bye`. */
async function place(): Promise<Place> {
  const simulator = createSimulator({
    botDelayMs: 1,
    deployments: { demo: { allowedOrigins: [origin] } },
    bot: ({ text, events }) => {
      if (events.length > 0) return ['Welcome'];
      if (text === 'bye') return [{ text: 'Goodbye', disconnect: true }];
      return [{ typing: true }, { text: `Echo: ${text}`, quickReplies: ['Yes', 'No'] }];
    },
  });
  open.push(simulator);
  const { url, ca } = await simulator.listen({ tls: true });
  return { simulator, url, ca: ca?.pem ?? '' };
}

interface Client {
  send(frame: object): void;
  /** The next frame, in order. */
  next(): Promise<Heard>;
  /** Sends and returns the next frame. */
  ask(frame: object): Promise<Heard>;
  close(code?: number, reason?: string): Promise<number>;
}

async function connect({ url, ca }: Place, query: string, headers: Readonly<Record<string, string>>): Promise<Client> {
  const dispatcher = new Agent({ connect: { ca } });
  const socket = new WebSocket(`${url.replace('https', 'wss')}/v1?${query}`, { dispatcher, headers });
  open.push({ [Symbol.asyncDispose]: () => dispatcher.destroy() });
  const heard: Heard[] = [];
  const waiting: ((frame: Heard) => void)[] = [];
  socket.addEventListener('message', ({ data }) => {
    const frame = JSON.parse(String(data)) as Heard;
    const next = waiting.shift();
    if (next) next(frame);
    else heard.push(frame);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', reject);
  });
  const client: Client = {
    send: (frame) => socket.send(JSON.stringify(frame)),
    async next() {
      return heard.shift() ?? new Promise((resolve) => waiting.push(resolve));
    },
    ask(frame) {
      client.send(frame);
      return client.next();
    },
    close(code, reason) {
      const closed = new Promise<number>((resolve) => {
        socket.addEventListener('close', (event) => resolve(event.code));
      });
      socket.close(code, reason);
      return closed;
    },
  };
  return client;
}

/** Asks over HTTP, trusting the CA. */
async function ask({ ca }: Place, url: string, options: { method?: string; headers?: object; body?: string } = {}) {
  const { method = 'GET', headers = {}, body } = options;
  const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const asked = request(url, { method, headers: { ...headers }, ca, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
  return answer;
}

const text = (said: string) => ({ type: 'Text', text: said });
const event = (said: object) => ({ type: 'Event', events: [said] });
const presence = (type: string) => event({ eventType: 'Presence', presence: { type } });

// github.com/ovotech/genesys-web-messaging-tester at d5b365c5: a header `Origin`, no tracing ids, attributes
// beside the message. It throws at any code but 200 and at any binary frame, and sorts by `channel.time`.
test('the tester of OVO holds its script: text after text, each answered, until the platform disconnects', async () => {
  const here = await place();
  const client = await connect(here, 'deploymentId=demo', { Origin: origin });
  const started = await client.ask({ action: 'configureSession', deploymentId: 'demo', token });
  expect(started).toMatchObject({ type: 'response', class: 'SessionResponse', code: 200, body: { connected: true } });
  const channel = { metadata: { customAttributes: { plan: 'gold' } } };
  const frames: Heard[] = [];
  for (const said of ['hi', 'again', 'bye']) {
    client.send({ action: 'onMessage', token, message: text(said), channel });
    for (let count = 0; count < 3; count += 1) frames.push(await client.next());
  }
  expect(frames.every(({ type, code }) => type === 'message' && code === 200)).toBe(true);
  const told = frames.map(({ body }) => body as Record<string, unknown>);
  expect(told.filter(({ type }) => type !== 'Event').map(({ direction, text: said }) => [direction, said])).toEqual([
    ['Inbound', 'hi'],
    ['Outbound', 'Echo: hi'],
    ['Inbound', 'again'],
    ['Outbound', 'Echo: again'],
    ['Inbound', 'bye'],
    ['Outbound', 'Goodbye'],
  ]);
  const times = told.map(({ channel: where }) => Date.parse(String(Object(where).time)));
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(told.at(-1)).toMatchObject({
    direction: 'Outbound',
    events: [{ eventType: 'Presence', presence: { type: 'Disconnect' } }],
  });
  expect(await client.close()).toBe(1005);
  const [session] = here.simulator.sessions.list();
  expect(here.simulator.sessions.history(session?.id ?? '')[0]).toMatchObject({ channel });
});

// github.com/MyPureCloud/web-messaging-sdk-java at 00128069 (18.1.0): headers `Origin` and `deploymentId`, the deployment
// and the application in the query, configuration before the session, attributes beside the message, no `errorsAsJson`,
// history page after page until one is empty.
test('the Java SDK asks for the configuration, joins, talks, sends a file, reads on, and starts anew', async () => {
  const here = await place();
  const headers = { Origin: origin, deploymentId: 'demo' };
  const client = await connect(here, 'deploymentId=demo&application=web-messaging-sdk-18.1.0', headers);
  const traced = (frame: object, tracingId: string) => client.ask({ token, ...frame, tracingId });
  const onMessage = (message: object, more: object = {}) => ({ action: 'onMessage', message, ...more });

  const { body: allowed } = await traced({ action: 'getConfiguration', deploymentId: 'demo' }, 't0');
  expect(allowed).toMatchObject({ allowedMedia: { inbound: { fileTypes: [{ type: '*/*' }] } } });
  expect(await traced({ action: 'configureSession', deploymentId: 'demo' }, 't1')).toMatchObject({
    tracingId: 't1',
    body: { connected: true, newSession: true },
  });
  expect(await traced(onMessage(presence('Join')), 't2')).toMatchObject({ tracingId: 't2', code: 200 });
  expect((await client.next()).body).toMatchObject({ text: 'Welcome', originatingEntity: 'Bot' });
  const typing = event({ eventType: 'Typing', typing: { type: 'On' } });
  expect(await traced(onMessage(typing), 't3')).toMatchObject({ tracingId: 't3', body: { type: 'Event' } });
  const channel = { metadata: { customAttributes: { plan: 'gold' } } };
  expect((await traced(onMessage(text('hello'), { channel }), 't4')).body).toMatchObject({ channel });
  expect((await client.next()).body).toMatchObject({ events: [{ eventType: 'Typing' }] });
  expect((await client.next()).body).toMatchObject({ content: [{ contentType: 'QuickReply' }, {}] });
  expect(await traced({ action: 'echo', message: text('ping') }, 't5')).toMatchObject({
    type: 'response',
    class: 'StructuredMessage',
    body: { text: 'ping', metadata: { durationSeconds: expect.any(String) } },
  });

  const file = { action: 'onAttachment', fileName: 'map.txt', fileType: 'text/plain', fileSize: 3 };
  const { body: upload } = await traced(file, 't6');
  expect(
    await ask(here, upload.url ?? '', { method: 'PUT', headers: upload.headers ?? {}, body: 'map' }),
  ).toMatchObject({
    status: 200,
  });
  expect(await client.next()).toMatchObject({
    class: 'UploadSuccessEvent',
    body: { attachmentId: upload.attachmentId },
  });
  const content = [{ contentType: 'Attachment', attachment: { id: upload.attachmentId } }];
  const { body: sent } = await traced(onMessage({ ...text('a map'), content }), 't7');
  expect(sent).toMatchObject({ content: [{ attachment: { filename: 'map.txt', mediaType: 'File', fileSize: 3 } }] });
  await client.next();
  await client.next();
  expect(await traced({ ...file, fileName: 'evil.exe' }, 't8')).toMatchObject({ class: 'string', code: 4001 });

  const { body: jwt } = await traced({ action: 'getJwt' }, 't9');
  const page = async (pageNumber: number) => {
    const path = `/api/v2/webmessaging/messages?pageSize=100&pageNumber=${pageNumber}`;
    const { text: said } = await ask(here, here.url + path, {
      headers: { authorization: `Bearer ${jwt.jwt}`, origin },
    });
    return JSON.parse(said).entities as { readonly text?: string }[];
  };
  const entities = (await page(1)).map(({ text: said }) => said);
  expect(entities).toEqual(['Echo: a map', 'a map', 'Echo: hello', 'hello', 'Welcome', undefined]);
  expect(await page(2)).toEqual([]);

  await traced(onMessage(text('bye')), 't10');
  expect((await client.next()).body).toMatchObject({ text: 'Goodbye' });
  expect((await client.next()).body).toMatchObject({ metadata: { readOnly: 'true' } });
  const anew = await traced({ action: 'configureSession', deploymentId: 'demo', startNew: true }, 't11');
  expect(anew.body).toMatchObject({ newSession: true, readOnly: false });
  await traced(onMessage(presence('Clear')), 't12');
  expect((await client.next()).class).toBe('SessionClearedEvent');
  expect((await client.next()).class).toBe('ConnectionClosedEvent');
});

// github.com/MyPureCloud/genesys-messenger-transport-mobile-sdk at ea4509f7 (2.14.0): configuration over HTTP first,
// `startNew` always told, attributes inside the message, ids of attachments of its own, one constant tracing id for health
// checks, `closeSession` for everybody before a new session.
test('the mobile SDK reads config.json, joins, checks its health, uploads under an id of its own, and starts anew', async () => {
  const here = await place();
  const { text: config } = await ask(here, `${here.url}/webdeployments/v1/deployments/demo/config.json`);
  const { messenger } = JSON.parse(config);
  expect(messenger.apps.conversations.messagingEndpoint).toBe(here.url.replace('https', 'wss'));
  const client = await connect(here, 'deploymentId=demo&application=TransportSDK-2.14.0', { Origin: origin });
  const traced = (frame: object, tracingId: string) => client.ask({ token, ...frame, tracingId });
  const configure = { action: 'configureSession', deploymentId: 'demo' };
  const onMessage = (message: object) => ({ action: 'onMessage', message });
  const channel = { metadata: { customAttributes: { plan: 'gold' } } };

  expect((await traced({ ...configure, startNew: false }, 'a')).body).toMatchObject({ newSession: true });
  expect((await traced(onMessage({ ...presence('Join'), channel }), 'b')).body).toMatchObject({ channel });
  await client.next();
  const health = 'SGVhbHRoQ2hlY2tNZXNzYWdlSWQ=';
  expect(await traced({ action: 'echo', message: text('ping') }, health)).toMatchObject({
    tracingId: health,
    body: { metadata: { expirationDate: expect.stringMatching(/^\d+$/) } },
  });
  const attachmentId = '0f0a4f6e-53a6-4f38-8d8e-6f6c2f6c8a55';
  const file = { action: 'onAttachment', attachmentId, fileName: 'map.png', fileType: 'image/png', errorsAsJson: true };
  expect((await traced(file, 'c')).body).toMatchObject({
    attachmentId,
    headers: { 'x-amz-tagging': expect.any(String) },
  });
  expect((await traced({ ...file, attachmentId: 'other', fileName: 'none' }, 'd')).body).toMatchObject({
    attachmentId: 'other',
    errorCode: 4004,
  });
  expect((await traced({ action: 'deleteAttachment', attachmentId }, 'e')).class).toBe('AttachmentDeletedResponse');
  await traced(onMessage(text('hello')), 'f');
  await client.next();
  const { body: asked } = await client.next();
  const buttonResponse = { text: 'Yes', payload: 'Yes', type: 'QuickReply' };
  const answer = { type: 'Structured', text: 'Yes', content: [{ contentType: 'ButtonResponse', buttonResponse }] };
  expect(asked).toMatchObject({ type: 'Structured', content: [{ quickReply: { text: 'Yes', payload: 'Yes' } }, {}] });
  expect((await traced(onMessage(answer), 'g')).body).toMatchObject({
    type: 'Structured',
    content: [{ buttonResponse }],
  });
  await client.next();
  await client.next();
  await traced(onMessage(text('bye')), 'h');
  await client.next();
  expect((await client.next()).body).toMatchObject({ events: [{ presence: { type: 'Disconnect' } }] });
  expect((await traced({ action: 'closeSession', closeAllConnections: true }, 'i')).body).toMatchObject({
    connected: false,
    readOnly: true,
  });
  expect((await traced({ ...configure, startNew: true }, 'j')).body).toMatchObject({
    connected: true,
    newSession: true,
  });
  expect(await client.close(1000, 'The user has closed the connection.')).toBe(1000);
});

test('a client that names no origin, or another, is refused on the upgrade', async () => {
  const here = await place();
  const headers = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
  const upgrade = async (more: object) => {
    const { status } = await ask(here, `${here.url}/v1?deploymentId=demo`, { headers: { ...headers, ...more } });
    return status;
  };
  expect(await upgrade({})).toBe(403);
  expect(await upgrade({ Origin: 'https://elsewhere.example' })).toBe(403);
});
