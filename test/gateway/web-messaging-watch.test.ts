import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startService } from '@guestpass/gateway';
import { readGatewayConfig } from '@guestpass/gateway/config';
import { testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { parseTraceparent } from 'guestpass/http';
import { expect, test } from 'vitest';
import { signInAt } from '../sign-in-site.ts';
import { freshPayload } from './support/payload.ts';
import { askGuest, openStage } from './support/stage.ts';

// What is told of guests who come in over a WebSocket, as on the real platform: real sockets, a real database.

interface Place {
  readonly simulator: Simulator;
  readonly platformUrl: string;
  /** Asks to let a guest in; gives the status. */
  ask(signIn?: object): Promise<number>;
  /** Samples of what a gateway exports of its calls to the platform. */
  scrape(): Promise<readonly string[]>;
}

/** A whole gateway, configured by its variables, that lets guests in by this issuer. */
async function withService(issuer: string, use: (place: Place) => Promise<void>): Promise<void> {
  await using database = await testDatabase();
  await using simulator = createSimulator({ seed: 1, deployments: { demo: { auth: {} } } });
  const { url: platformUrl } = await simulator.listen();
  const directory = await mkdtemp(join(tmpdir(), 'guestpass-watch-'));
  const token = 'operator-token-0123456789-0123456789-0123456789';
  const config = readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: platformUrl,
      GUESTPASS_ISSUER: issuer,
      GUESTPASS_DATABASE_URL: database.url,
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
      GUESTPASS_CAPTCHA_POLICY: 'optional',
      GUESTPASS_MAX_EVENT_LOOP_DELAY_MS: '60000',
      GUESTPASS_PORT: '0',
      GUESTPASS_OPERATOR_PORT: '0',
      GUESTPASS_OPERATOR_TOKEN: token,
    },
    { readFile: () => '' },
  );
  try {
    await using service = await startService(config, { version: '0.0.0', write: () => {} });
    const consent = { accepted: true, timestamp: new Date().toISOString() };
    await use({
      simulator,
      platformUrl,
      async ask(signIn) {
        const response = await askGuest(service.gateway.url, { channelId: 'demo', consent, ...(signIn && { signIn }) });
        await response.arrayBuffer();
        return response.status;
      },
      async scrape() {
        const headers = { authorization: `Bearer ${token}` };
        const text = await (await fetch(`${service.operatorUrl}/metrics`, { headers })).text();
        const ours = /^guestpass_genesys_(?:(?:requests|retries)_total|rate_budget_used_ratio)\b/;
        return text.split('\n').filter((line) => ours.test(line));
      },
    });
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('sessions are counted by what the platform answered, and repeats by what went wrong', async () => {
  await withService('web-messaging', async ({ simulator, ask, scrape }) => {
    simulator.faults.add({ operation: 'socket', status: 503 });
    simulator.faults.add({ operation: 'socket', after: 1, reset: 'before' });
    simulator.faults.add({ operation: 'action', code: 429, retryAfterSeconds: 0 });
    expect(await ask()).toBe(201);
    simulator.faults.add({ operation: 'action', code: 4000 });
    expect(await ask()).toBeGreaterThan(400);
    expect((await scrape()).toSorted()).toEqual([
      // What a minute allows is a budget of tokens, and there are none.
      'guestpass_genesys_rate_budget_used_ratio 0',
      'guestpass_genesys_requests_total{operation="guest",status_code="200"} 1',
      'guestpass_genesys_requests_total{operation="guest",status_code="4000"} 1',
      'guestpass_genesys_requests_total{operation="guest",status_code="429"} 1',
      'guestpass_genesys_requests_total{operation="guest",status_code="503"} 1',
      'guestpass_genesys_requests_total{operation="guest",status_code="none"} 1',
      'guestpass_genesys_retries_total{operation="guest",reason="ECONNRESET"} 1',
      'guestpass_genesys_retries_total{operation="guest",reason="http_429"} 1',
      'guestpass_genesys_retries_total{operation="guest",reason="http_503"} 1',
    ]);
  });
}, 30_000);

test('exchanges and refreshes of signed-in guests are counted beside their sessions', async () => {
  await withService('authenticated-web-messaging', async ({ simulator, platformUrl, ask, scrape }) => {
    simulator.faults.add({ operation: 'exchange', status: 503 });
    simulator.faults.add({ operation: 'action', code: 401 });
    expect(await ask(await signInAt(platformUrl, 'ann'))).toBe(201);
    expect((await scrape()).toSorted()).toEqual([
      'guestpass_genesys_rate_budget_used_ratio 0',
      'guestpass_genesys_requests_total{operation="guest",status_code="200"} 1',
      'guestpass_genesys_requests_total{operation="guest",status_code="401"} 1',
      'guestpass_genesys_requests_total{operation="sign-in",status_code="200"} 2',
      'guestpass_genesys_requests_total{operation="sign-in",status_code="503"} 1',
      'guestpass_genesys_retries_total{operation="guest",reason="http_401"} 1',
      'guestpass_genesys_retries_total{operation="sign-in",reason="http_503"} 1',
    ]);
  });
}, 30_000);

test('each session that is asked for is a span in the trace of its guest, which the upgrade carries', async () => {
  const spans = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  await using stage = await openStage({ gateway: { tracerProvider }, platform: { issuer: 'web-messaging' } });
  stage.simulator.faults.add({ operation: 'socket', status: 503 });
  const traceId = 'a'.repeat(32);
  const response = await stage.ask(freshPayload(), { traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  const pass = await response.text();
  expect(response.status).toBe(201);
  const ended = () => spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
  await expect.poll(() => ended().map(({ name }) => name)).toContain('POST /v1/guests');
  const guest = ended().find(({ name }) => name === 'guestpass.guest');
  const tries = ended().filter(({ attributes }) => attributes['guestpass.operation'] === 'guest');
  const { hostname, port } = new URL(stage.platformUrl);
  const about = {
    'http.request.method': 'GET',
    'url.scheme': 'ws',
    'server.address': hostname,
    'server.port': Number(port),
    'url.full': `ws://${hostname}:${port}/v1`,
    'url.template': '/v1',
    'guestpass.operation': 'guest',
  };
  const correlation = { 'guestpass.correlation_id': expect.any(String) };
  expect(tries.map(({ attributes }) => attributes)).toEqual([
    { ...about, ...correlation, 'http.response.status_code': 503, 'error.type': '503' },
    { ...about, 'http.response.status_code': 200, 'http.request.resend_count': 1 },
  ]);
  const parents = tries.map(({ name, kind, parentSpanContext }) => [name, kind, parentSpanContext?.spanId]);
  const parent = guest?.spanContext().spanId;
  expect(parents).toEqual([
    ['GET /v1', 2, parent],
    ['GET /v1', 2, parent],
  ]);
  const upgrades = stage.simulator.requests.filter(({ operation }) => operation === 'socket');
  expect(upgrades.map(({ traceparent }) => parseTraceparent(traceparent))).toEqual(
    tries.map((span) => ({ traceId, parentId: span.spanContext().spanId, sampled: true })),
  );
  const { sessionToken } = JSON.parse(pass);
  expect(sessionToken).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.stringify(ended().map(({ attributes }) => attributes))).not.toContain(sessionToken);
}, 30_000);
