import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { parseTraceparent } from 'guestpass/http';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startChild } from './support/child.ts';
import { freshPayload } from './support/payload.ts';
import { askGuest, captchaSecret, clientSecret, openStage, type Stage } from './support/stage.ts';

// What the published SDK of OpenTelemetry is told of guests and webhooks, over real sockets.

const spans = new InMemorySpanExporter();
let stage: Stage;

beforeAll(async () => {
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  stage = await openStage({ gateway: { tracerProvider }, platform: { deadlineMs: 1_000 } });
  // The first guest waits for the token; the later ones find it.
  await stage.ask(freshPayload());
}, 60_000);

afterAll(() => stage?.[Symbol.asyncDispose]());

beforeEach(async () => {
  stage.simulator.faults.clear();
  await settled();
  spans.reset();
});

/** Every delivery of the guests before has been made. */
const settled = () => expect.poll(() => stage.gateway.deliveries.count()).toMatchObject({ pending: 0 });

/** The span of a request, once it has ended. */
async function requestSpan(traceId: string): Promise<ReadableSpan> {
  const find = () => inTrace(traceId).find(({ name }) => name === 'POST /v1/guests');
  await expect.poll(find).toBeDefined();
  const span = find();
  if (!span) throw new Error('There is no span of the request.');
  return span;
}

const inTrace = (traceId: string) => spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);

/** Names of spans below one, oldest first, as nested lists. */
function treeBelow(span: ReadableSpan): readonly unknown[] {
  const { traceId, spanId } = span.spanContext();
  const children = inTrace(traceId)
    .filter(({ parentSpanContext, kind }) => parentSpanContext?.spanId === spanId && kind !== 4)
    .toSorted((a, b) => a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1]);
  return children.map((child) => {
    const below = treeBelow(child);
    return below.length === 0 ? child.name : [child.name, ...below];
  });
}

interface Admission {
  readonly attemptId: string;
  readonly guestId: string;
  readonly sessionToken: string;
}

// A cast, because the answer is our own gateway's; the tests look at what is in it.
const told = async (response: Response) => (await response.json()) as Admission;

const traceOf = (digit: string) => {
  const traceId = digit.repeat(32);
  return { traceId, headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'rojo=1' } };
};

const guestsPath = '/api/v2/conversations/webmessaging/guests';

test('a guest who is let in: the request, its stages, and the call to the platform in the stage that waits', async () => {
  const { traceId, headers } = traceOf('a');
  const response = await stage.ask(freshPayload(), { ...headers, baggage: 'secret=1' });
  const { attemptId } = await told(response);
  const span = await requestSpan(traceId);
  expect(treeBelow(span)).toEqual([
    'guestpass.payload',
    'guestpass.audit',
    'guestpass.consent',
    'guestpass.channel',
    'guestpass.captcha',
    'guestpass.captcha',
    'guestpass.token',
    ['guestpass.guest', `POST ${guestsPath}`],
    'guestpass.audit',
  ]);
  const { hostname, port } = new URL(stage.gateway.url);
  expect(span).toMatchObject({
    kind: 1,
    parentSpanContext: { spanId: '00f067aa0ba902b7', isRemote: true },
    status: { code: 0 },
    attributes: {
      'http.request.method': 'POST',
      'http.route': '/v1/guests',
      'http.response.status_code': 201,
      'url.scheme': 'http',
      'server.address': hostname,
      'server.port': Number(port),
      'guestpass.attempt.id': attemptId,
      'guestpass.outcome': 'admitted',
      'guestpass.channel': 'demo',
      'guestpass.request.id': response.headers.get('x-request-id'),
    },
  });
  const platform = new URL(stage.platformUrl);
  const call = inTrace(traceId).find(({ kind }) => kind === 2);
  const asked = stage.simulator.requests.findLast(({ operation }) => operation === 'guest');
  expect(call).toMatchObject({
    attributes: {
      'http.request.method': 'POST',
      'http.response.status_code': 201,
      'server.address': platform.hostname,
      'server.port': Number(platform.port),
      'url.full': `${stage.platformUrl}${guestsPath}`,
      'guestpass.operation': 'guest',
      'guestpass.correlation_id': asked?.correlationId,
    },
  });
  expect(parseTraceparent(asked?.traceparent)).toEqual({
    traceId,
    parentId: call?.spanContext().spanId,
    sampled: true,
  });
  expect(asked?.headerNames).toContain('tracestate');
  expect(asked?.headerNames).not.toContain('baggage');
  expect(await stage.gateway.attempts.get(attemptId)).toMatchObject({
    traceparent: `00-${traceId}-${span.spanContext().spanId}-01`,
  });
});

test('a stage lasts as long as the attempt says, and lies within the request', async () => {
  const { traceId, headers } = traceOf('9');
  const response = await stage.ask(freshPayload(), headers);
  const timing = response.headers.get('server-timing') ?? '';
  const span = await requestSpan(traceId);
  const guest = inTrace(traceId).find(({ name }) => name === 'guestpass.guest');
  const ms = (instant: readonly [number, number] = [0, 0]) => instant[0] * 1e3 + instant[1] / 1e6;
  expect(ms(guest?.duration)).toBeCloseTo(Number(/guest;dur=([\d.]+)/.exec(timing)?.[1]), 0);
  expect(ms(guest?.startTime)).toBeGreaterThan(ms(span.startTime));
  expect(ms(guest?.endTime)).toBeLessThan(ms(span.endTime));
});

test('a guest who is refused: no call, and no error of the server', async () => {
  const { traceId, headers } = traceOf('b');
  await stage.ask(freshPayload({ consent: { accepted: true, timestamp: '2020-01-01T00:00:00Z' } }), headers);
  const span = await requestSpan(traceId);
  expect(treeBelow(span)).toEqual(['guestpass.payload', 'guestpass.audit', 'guestpass.consent', 'guestpass.audit']);
  expect(span.attributes).toMatchObject({
    'guestpass.outcome': 'refused',
    'guestpass.code': 'consent_timestamp_stale',
    'guestpass.stage': 'consent',
  });
  expect(span.attributes).not.toHaveProperty('error.type');
  expect(span.status).toEqual({ code: 0 });
});

test('a guest who fails after two repeats: each try is a span that says which it is', async () => {
  const { traceId, headers } = traceOf('c');
  stage.simulator.faults.add({ operation: 'guest', status: 503, times: 2 });
  stage.simulator.faults.add({ operation: 'guest', status: 500, times: 1 });
  const response = await stage.ask(freshPayload(), headers);
  const span = await requestSpan(traceId);
  const tries = inTrace(traceId).filter(({ kind }) => kind === 2);
  expect(tries.map(({ attributes }) => attributes)).toMatchObject([
    { 'http.response.status_code': 503, 'error.type': '503' },
    { 'http.response.status_code': 503, 'error.type': '503', 'http.request.resend_count': 1 },
    { 'http.response.status_code': 500, 'error.type': '500', 'http.request.resend_count': 2 },
  ]);
  expect(tries[0]?.attributes).not.toHaveProperty('http.request.resend_count');
  const stages = new Set(tries.map(({ parentSpanContext }) => parentSpanContext?.spanId));
  expect(inTrace(traceId).filter((one) => stages.has(one.spanContext().spanId))).toMatchObject([
    { name: 'guestpass.guest' },
  ]);
  expect(span).toMatchObject({
    status: { code: 2 },
    attributes: {
      'guestpass.outcome': 'failed',
      'guestpass.code': 'platform_unavailable',
      'error.type': 'platform_unavailable',
      'http.response.status_code': response.status,
    },
  });
  const sent = stage.simulator.requests.slice(-3).map(({ traceparent }) => parseTraceparent(traceparent)?.parentId);
  expect(sent).toEqual(tries.map((one) => one.spanContext().spanId));
});

test('an outcome nobody knows: the try names its failure', async () => {
  const { traceId, headers } = traceOf('d');
  stage.simulator.faults.add({ operation: 'guest', reset: 'after' });
  await stage.ask(freshPayload(), headers);
  const span = await requestSpan(traceId);
  expect(span.attributes).toMatchObject({ 'guestpass.outcome': 'unknown', 'error.type': 'outcome_unknown' });
  const [call, ...more] = inTrace(traceId).filter(({ kind }) => kind === 2);
  expect(more).toEqual([]);
  expect(call).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': expect.stringMatching(/^\w+$/) } });
  expect(call?.attributes).not.toHaveProperty('http.response.status_code');
});

test('guests who come at once keep their own traces', async () => {
  const ids = [...Array(30).keys()].map((index) => index.toString(16).padStart(32, 'e'));
  await Promise.all(
    ids.map((traceId) =>
      stage.ask(freshPayload({ attributes: { mark: traceId } }), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }),
    ),
  );
  for (const traceId of ids) {
    const span = await requestSpan(traceId);
    expect(treeBelow(span)).toContainEqual(['guestpass.guest', `POST ${guestsPath}`]);
    expect(treeBelow(span)).toHaveLength(9);
  }
  const guests = stage.simulator.requests.filter(({ body }) => JSON.stringify(body).includes('"mark"'));
  expect(guests).toHaveLength(30);
  for (const { body, traceparent } of guests) {
    expect(body).toMatchObject({ attributes: { mark: parseTraceparent(traceparent)?.traceId } });
  }
});

test('a webhook belongs to the trace of its guest, is linked to it, and carries it on to the receiver', async () => {
  const { traceId, headers } = traceOf('f');
  const { attemptId } = await told(await stage.ask(freshPayload(), headers));
  const span = await requestSpan(traceId);
  await settled();
  const deliveries = () => inTrace(traceId).filter(({ kind }) => kind === 4);
  await expect.poll(deliveries).toHaveLength(1);
  const [delivery] = deliveries();
  expect(delivery).toMatchObject({
    name: 'deliver guest.authenticated',
    parentSpanContext: { spanId: span.spanContext().spanId },
    links: [{ context: { traceId, spanId: span.spanContext().spanId } }],
    attributes: { 'guestpass.attempt.id': attemptId, 'guestpass.try': 1, 'guestpass.result': 'delivered' },
  });
  const call = inTrace(traceId).find(({ attributes }) => attributes['guestpass.operation'] === 'webhook');
  expect(call?.parentSpanContext?.spanId).toBe(delivery?.spanContext().spanId);
  expect(call?.attributes).not.toHaveProperty('url.full');
  const received = stage.simulator.requests.findLast(({ operation }) => operation === 'idp');
  expect(parseTraceparent(received?.traceparent)).toMatchObject({ traceId, parentId: call?.spanContext().spanId });
});

test('a malformed traceparent begins a new trace, and other requests are told by their route', async () => {
  await fetch(`${stage.gateway.url}/captcha/challenge`, { headers: { traceparent: '00-0-0-01', tracestate: 'x=1' } });
  await fetch(`${stage.gateway.url}/nowhere?token=canary`, { method: 'PUT' });
  const ended = () =>
    spans
      .getFinishedSpans()
      .map(({ name, attributes, parentSpanContext }) => [
        name,
        attributes['http.response.status_code'],
        parentSpanContext,
      ]);
  await expect.poll(ended).toEqual([
    ['GET /captcha/challenge', 200, undefined],
    ['PUT', 404, undefined],
  ]);
  expect(spans.getFinishedSpans()[0]?.spanContext().traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
});

test('no span tells a secret', async () => {
  const payload = freshPayload({ attributes: { name: 'canary-attribute' } });
  const { traceId, headers } = traceOf('1');
  const { sessionToken, guestId } = await told(await stage.ask(payload, headers));
  await requestSpan(traceId);
  await settled();
  const text = JSON.stringify(
    spans
      .getFinishedSpans()
      .map(({ name, attributes, events, links, status }) => ({ name, attributes, events, links, status })),
  );
  const secrets = [sessionToken, guestId, payload.captcha.response, 'canary', captchaSecret, clientSecret];
  for (const secret of secrets) expect(text).not.toContain(secret);
});

test('without an SDK the trace is carried on all the same, to the platform, the record and the receiver', async () => {
  await using plain = await openStage();
  const { traceId, headers } = traceOf('3');
  const { attemptId } = await told(await plain.ask(freshPayload(), { ...headers, baggage: 'secret=1' }));
  const last = (operation: string) => plain.simulator.requests.findLast((one) => one.operation === operation);
  for (const operation of ['token', 'guest']) {
    expect(parseTraceparent(last(operation)?.traceparent)).toMatchObject({ traceId, sampled: true });
    expect(last(operation)?.headerNames).toContain('tracestate');
    expect(last(operation)?.headerNames).not.toContain('baggage');
  }
  const row = await plain.gateway.attempts.get(attemptId);
  expect(parseTraceparent(row?.traceparent)).toMatchObject({ traceId, sampled: true });
  await expect.poll(() => last('idp')?.traceparent).toContain(traceId);
  expect(inTrace(traceId)).toEqual([]);
});

test('an SDK that node imports before the gateway is found', async () => {
  const preload = new URL('./support/otel-preload.ts', import.meta.url).href;
  const seen: unknown[] = [];
  await using child = startChild(
    {
      databaseUrl: stage.database.url,
      platformUrl: stage.platformUrl,
      masterKey: stage.masterKey.toString('base64'),
      owner: 'gateway-otel',
      deadlineMs: 5_000,
      leaseMs: 60_000,
      schedule: [0],
    },
    { nodeOptions: ['--import', preload], onMessage: (message) => seen.push(message) },
  );
  const url = await child.ready;
  const { traceId, headers } = traceOf('2');
  expect((await askGuest(url, freshPayload(), headers)).status).toBe(201);
  const names = ['guestpass.guest', `POST ${guestsPath}`, 'POST /v1/guests'];
  await expect.poll(() => seen).toEqual(expect.arrayContaining(names.map((span) => ({ span, traceId }))));
  expect(await child.end('SIGTERM')).toBe(0);
});
