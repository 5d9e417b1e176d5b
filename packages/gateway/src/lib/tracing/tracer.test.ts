import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { parseTraceparent } from 'guestpass/http';
import { startStopwatch } from 'guestpass/pipeline';
import { manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { noon } from '../testing/guests.ts';
import { createTracing } from './tracer.ts';

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const request = new Request('http://gateway.example/v1/guests', {
  method: 'POST',
  headers: { traceparent, tracestate: 'rojo=1' },
});
const begun = { operation: 'guest', method: 'POST', url: 'https://api.example/guests', resends: 0 };
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

function setup(options: ConstructorParameters<typeof BasicTracerProvider>[0] = {}) {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)], ...options });
  const clock = manualClock(noon);
  const problems: unknown[] = [];
  const tracing = createTracing({ clock, provider, onProblem: (error) => problems.push(error) });
  const told = () =>
    exporter.getFinishedSpans().map(({ name, startTime, endTime }) => [name, msOf(startTime), msOf(endTime)]);
  return { clock, exporter, tracing, problems, told };
}

const msOf = ([seconds, nanoseconds]: readonly [number, number]) => seconds * 1_000 + nanoseconds / 1e6 - noon;

test('stages begin where the one before ended, to the microsecond; tries are in the stage that waits for them', async () => {
  const { clock, exporter, tracing, told } = setup();
  const received = tracing.receive(request);
  await clock.advance(5);
  const watch = received.follow(startStopwatch(clock));
  await clock.advance(1.25);
  watch.lap('payload');
  await clock.advance(2);
  const ended = received.try({ ...begun, operation: 'token' });
  await clock.advance(3);
  ended?.end?.({ status: 200 });
  watch.lap('token');
  await clock.advance(4);
  watch.lap('guest');
  received.end({ status: 201, route: '/v1/guests' });
  expect(told()).toEqual([
    ['guestpass.payload', 5, 6.25],
    ['POST /guests', 8.25, 11.25],
    ['guestpass.token', 6.25, 11.25],
    ['guestpass.guest', 11.25, 15.25],
    ['POST /v1/guests', 0, 15.25],
  ]);
  const [, call, token] = exporter.getFinishedSpans();
  expect(call?.parentSpanContext?.spanId).toBe(token?.spanContext().spanId);
  expect(watch.stages).toEqual({ payload: 1.25, token: 5, guest: 4 });
});

test('a token replaced while the guest waits is in the stage of the guest', async () => {
  const { clock, exporter, tracing } = setup();
  const received = tracing.receive(request);
  const watch = received.follow(startStopwatch(clock));
  watch.lap('token');
  received.try({ ...begun, operation: 'token' })?.end?.({ status: 200 });
  received.try(begun)?.end?.({ status: 201 });
  watch.lap('guest');
  const [, ...spans] = exporter.getFinishedSpans();
  const guest = spans.at(-1)?.spanContext().spanId;
  expect(spans.map(({ parentSpanContext }) => parentSpanContext?.spanId).slice(0, 2)).toEqual([guest, guest]);
});

test('an exchange of a sign-in is in the stage of the token, and a session of web messaging in that of the guest', () => {
  const { exporter, tracing } = setup();
  const received = tracing.receive(request);
  const watch = received.follow(startStopwatch(manualClock(noon)));
  received.try({ ...begun, operation: 'sign-in' })?.end?.({ status: 200 });
  watch.lap('token');
  const url = 'wss://webmessaging.example/v1';
  received.try({ ...begun, method: 'GET', url })?.end?.({ failure: 'code_4000', correlationId: 'corr-1' });
  watch.lap('guest');
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name }) => name)).toEqual(['POST /guests', 'guestpass.token', 'GET /v1', 'guestpass.guest']);
  const [exchange, token, session, guest] = spans;
  expect(exchange?.parentSpanContext?.spanId).toBe(token?.spanContext().spanId);
  expect(session?.parentSpanContext?.spanId).toBe(guest?.spanContext().spanId);
  expect(session?.attributes).toEqual({
    'http.request.method': 'GET',
    'guestpass.operation': 'guest',
    'url.scheme': 'wss',
    'server.address': 'webmessaging.example',
    'server.port': 443,
    'url.full': url,
    'url.template': '/v1',
    'guestpass.correlation_id': 'corr-1',
    'error.type': 'code_4000',
  });
});

test('what breaks off is ended with its request, and a try that comes later belongs to the request', () => {
  const { exporter, tracing } = setup();
  const received = tracing.receive(request);
  received.try(begun);
  received.end({ status: 500 });
  received.try(begun)?.end?.({ failure: 'aborted' });
  const spans = exporter.getFinishedSpans();
  expect(spans.map(({ name }) => name)).toEqual(['guestpass.guest', 'POST', 'POST /guests']);
  expect(spans[2]?.parentSpanContext?.spanId).toBe(spans[1]?.spanContext().spanId);
  expect(spans[1]?.attributes).toMatchObject({ 'error.type': '500' });
});

test('a trace that nobody samples is carried on and says so', () => {
  const { exporter, tracing } = setup({ sampler: new AlwaysOffSampler() });
  const received = tracing.receive(request);
  const headers = received.try(begun)?.headers;
  received.end({ status: 201 });
  expect(parseTraceparent(headers?.traceparent)).toMatchObject({ traceId, sampled: false });
  expect(headers?.tracestate).toBe('rojo=1');
  expect(exporter.getFinishedSpans()).toEqual([]);
});

test('whoever takes the spans and throws is told of, and harms no guest', () => {
  const broken = new Error('processor');
  const fail = () => {
    throw broken;
  };
  const processor: SpanProcessor = {
    onStart: fail,
    onEnd: fail,
    forceFlush: async () => {},
    shutdown: async () => {},
  };
  const { tracing, problems } = setup({ spanProcessors: [processor] });
  const received = tracing.receive(request);
  expect(parseTraceparent(received.try(begun)?.headers.traceparent)).toMatchObject({ traceId, sampled: true });
  received.end({ status: 201 });
  expect(problems).toEqual([broken]);

  const late = setup({ spanProcessors: [{ ...processor, onStart: () => {} }] });
  late.tracing.receive(request).end({ status: 201 });
  expect(late.problems).toEqual([broken]);
});

test('without a provider there are no spans, and traces are carried on under ids of our own', () => {
  const clock = manualClock(noon);
  const tracing = createTracing({ clock, onProblem: () => expect.unreachable('nothing can go wrong') });
  const received = tracing.receive(request);
  const watch = startStopwatch(clock);
  expect(received.follow(watch)).toBe(watch);
  expect(received.within(() => 'done')).toBe('done');
  const [first, second] = [received.try(begun)?.headers, received.try(begun)?.headers];
  const ids = [received.traceparent, first?.traceparent, second?.traceparent].map(parseTraceparent);
  expect(ids).toMatchObject(Array(3).fill({ traceId, sampled: true }));
  expect(new Set(ids.map((parent) => parent?.parentId)).size).toBe(3);
  expect(first?.tracestate).toBe('rojo=1');

  const delivery = { id: 'dlv_1', eventId: 'evt_1', eventType: 'guest.failed', attemptId: null, endpointId: 'ep_1' };
  const told = tracing.deliver({ ...delivery, try: 1, traceparent }).try(begun)?.headers;
  expect(parseTraceparent(told?.traceparent)).toMatchObject({ traceId });
  const untold = tracing.deliver({ ...delivery, try: 1, traceparent: null }).try(begun)?.headers;
  expect(parseTraceparent(untold?.traceparent)?.traceId).not.toBe(traceId);
  expect(parseTraceparent(tracing.alone(begun)?.headers.traceparent)).toBeDefined();
});
