import { createSimulator } from '@guestpass/simulator';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createGuestpass } from 'guestpass';
import { formatTraceparent, parseTraceparent, type TraceTry } from 'guestpass/http';
import { expect, test } from 'vitest';
import { tutorialPayload } from './scene.ts';

// What the platform sees of a trace, over real sockets.

const credentials = { clientId: 'sim-client', clientSecret: 'sim-secret', retry: { baseDelayMs: 1 } };
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

test('each try arrives with the trace of the guest, and an id of its own', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  await using guestpass = createGuestpass({ environment: url, ...credentials });
  simulator.faults.add({ operation: 'guest', status: 503, times: 2 });
  const call = { traceparent, tracestate: 'rojo=1' };
  expect(await guestpass.attempt(tutorialPayload, call)).toMatchObject({ outcome: 'admitted', retries: 2 });

  const seen = simulator.requests.map(({ operation, traceparent: carried }) => [operation, parseTraceparent(carried)]);
  const inTrace = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', sampled: true };
  expect(seen).toMatchObject([
    ['token', inTrace],
    ['guest', inTrace],
    ['guest', inTrace],
    ['guest', inTrace],
  ]);
  const ids = simulator.requests.map(({ traceparent: carried }) => parseTraceparent(carried)?.parentId);
  expect(new Set([...ids, '00f067aa0ba902b7']).size).toBe(5);
  const [, guest] = simulator.requests;
  expect(guest?.headerNames).toEqual(expect.arrayContaining(['traceparent', 'tracestate']));
  expect(guest?.headerNames).not.toContain('baggage');
});

test('guests who come at once keep their own traces', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  await using guestpass = createGuestpass({ environment: url, ...credentials });
  const traceIds = [...Array(20).keys()].map((index) => index.toString(16).padStart(32, 'a'));
  await Promise.all(
    traceIds.map((traceId) =>
      guestpass.attempt(
        { ...tutorialPayload, attributes: { mark: traceId } },
        { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      ),
    ),
  );
  const guests = simulator.requests.filter(({ operation }) => operation === 'guest');
  expect(guests).toHaveLength(20);
  for (const { body, traceparent: carried } of guests) {
    expect(body).toMatchObject({ attributes: { mark: parseTraceparent(carried)?.traceId } });
  }
  // One token for all of them: it belongs to the one who needed it first.
  const [token] = simulator.requests.filter(({ operation }) => operation === 'token');
  expect(parseTraceparent(token?.traceparent)?.traceId).toBe(traceIds[0]);
});

test('without a trace nothing is sent of one', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  await using guestpass = createGuestpass({ environment: url, ...credentials });
  await guestpass.attempt(tutorialPayload);
  expect(simulator.requests.map(({ traceparent: carried }) => carried)).toEqual([undefined, undefined]);
});

test('a client’s own follower names each try, token and guest, and is told how it ended', async () => {
  await using simulator = createSimulator({ seed: 1 });
  const { url } = await simulator.listen();
  const spans = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const tracer = provider.getTracer('shop');
  const trace: TraceTry = ({ operation, resends }) => {
    const span = tracer.startSpan(operation, { attributes: { resends } });
    const { traceId, spanId: parentId } = span.spanContext();
    return {
      headers: { traceparent: formatTraceparent({ traceId, parentId, sampled: true }) },
      end: ({ status = 0 }) => span.setAttribute('status', status).end(),
    };
  };
  await using guestpass = createGuestpass({ environment: url, ...credentials, trace });
  simulator.faults.add({ operation: 'guest', status: 429, times: 1 });
  await guestpass.attempt(tutorialPayload);
  const told = spans.getFinishedSpans();
  expect(told.map(({ name, attributes }) => [name, attributes])).toEqual([
    ['token', { resends: 0, status: 200 }],
    ['guest', { resends: 0, status: 429 }],
    ['guest', { resends: 1, status: 201 }],
  ]);
  const seen = simulator.requests.map(({ traceparent: carried }) => parseTraceparent(carried)?.parentId);
  expect(seen).toEqual(told.map((span) => span.spanContext().spanId));
});
