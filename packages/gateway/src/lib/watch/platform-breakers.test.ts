import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator } from '@guestpass/simulator';
import { type ManualClock, manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { createOpened } from '../opened.ts';
import { startService } from '../service.ts';
import { readGatewayConfig } from '../settings/config.ts';
import { noon, payload } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { watchBreakers } from './platform-breakers.ts';

test('a breaker counts as open until it has closed, and each change is told', () => {
  const told: unknown[] = [];
  const breakers = watchBreakers({
    log: { breakerChanged: ({ state }) => void told.push(state) },
    metrics: { circuitOpen: (one) => void told.push(one) },
  });
  breakers.onChange({ operation: 'guest', state: 'open' });
  breakers.onChange({ operation: 'guest', state: 'half-open' });
  expect(breakers.heldBack()).toEqual(['guest']);
  breakers.onChange({ operation: 'guest', state: 'closed' });
  expect(breakers.heldBack()).toEqual([]);
  const open = { operation: 'guest', open: true };
  expect(told).toEqual([open, 'open', open, 'half-open', { operation: 'guest', open: false }, 'closed']);
});

// A platform that answers 503 for a while, over real sockets, and the clock of the gateway moved by hand.

/**
 * Waits for what real sockets and a real database do. The gateway rests ten milliseconds between two questions for its
 * rates, so its time goes on meanwhile, much slower than ours.
 */
async function meanwhile<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  promise.then(end, end);
  while (!isOver) await clock.advance(0.05);
  return await promise;
}

/** A gateway and its platform. */
async function stage(variables: Readonly<Record<string, string>> = {}) {
  await using opened = createOpened();
  const database = opened.use(await testDatabase());
  const directory = opened.adopt(await mkdtemp(join(tmpdir(), 'guestpass-breaker-')), (path) =>
    rm(path, { recursive: true }),
  );
  const simulator = opened.use(createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } }));
  const platform = await simulator.listen();
  const config = readGatewayConfig(
    {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: platform.url,
      GUESTPASS_CLIENT_ID: 'sim-client',
      GUESTPASS_CLIENT_SECRET: 'sim-secret',
      GUESTPASS_RETRIES: '0',
      GUESTPASS_CAPTCHA_POLICY: 'optional',
      GUESTPASS_RATE_PER_ADDRESS: '1000000',
      GUESTPASS_RATE_PER_SUBNET: '1000000',
      GUESTPASS_RATE_PER_CHANNEL: '1000000',
      GUESTPASS_RATE_TOTAL: '1000000',
      GUESTPASS_DATABASE_URL: database.url,
      GUESTPASS_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
      GUESTPASS_AUDIT_CHECKPOINT_FILE: join(directory, 'checkpoints.jsonl'),
      GUESTPASS_PORT: '0',
      GUESTPASS_OPERATOR_PORT: '0',
      GUESTPASS_DRAIN_DELAY_MS: '0',
      ...variables,
    },
    { readFile: () => expect.unreachable('no file is named') },
  );
  const lines: string[] = [];
  const clock = manualClock(noon);
  const service = opened.use(
    await startService(config, { version: '1.0.0', write: (line) => void lines.push(line), clock }),
  );
  const post = async () => {
    const answer = await fetch(`${service.gateway.url}/v1/guests`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(payload),
    });
    // A problem has a code, a guest pass has none.
    const body = (await answer.json()) as { readonly code?: string };
    return { status: answer.status, retryAfter: answer.headers.get('retry-after'), body };
  };
  const ask = () => meanwhile(clock, post());
  const askMany = (count: number) => meanwhile(clock, Promise.all(Array.from({ length: count }, post)));
  const operator = async (path: string) => {
    const headers = { authorization: `Bearer ${service.freshToken}`, connection: 'close' };
    return await (await fetch(`${service.operatorUrl}${path}`, { headers })).text();
  };
  const changes = () =>
    lines
      .map((line) => JSON.parse(line))
      .filter(({ msg }) => msg === 'circuit breaker changed')
      .map(({ state }) => state);
  return { simulator, clock, ask, askMany, post, operator, changes, [Symbol.asyncDispose]: opened.handOver() };
}

test('a gateway leaves a failing platform alone, says so, stays ready, and finds it again', async () => {
  await using here = await stage();
  const { simulator, clock, ask, askMany, operator } = here;
  simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
  for (let guest = 0; guest < 20; guest += 1) expect((await ask()).status).toBe(503);

  const refused = await askMany(30);
  for (const answer of refused) {
    expect(answer).toMatchObject({
      status: 503,
      retryAfter: '5',
      body: { code: 'platform_unavailable', retryable: true },
    });
  }
  expect(simulator.stats().guestRequests).toBe(20);
  expect(await operator('/metrics')).toContain('guestpass_genesys_circuit_open{operation="guest"} 1\n');
  expect(JSON.parse(await operator('/readyz?verbose'))).toMatchObject({
    status: 'ready',
    checks: expect.arrayContaining([{ name: 'platform', ok: true, detail: expect.stringContaining('guest') }]),
  });

  await clock.advance(5_000);
  expect([(await ask()).status, (await ask()).status]).toEqual([503, 503]);
  expect(simulator.stats().guestRequests).toBe(21);
  simulator.faults.clear();
  await clock.advance(10_000);
  expect([(await ask()).status, (await ask()).status]).toEqual([201, 201]);
  expect(here.changes()).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
  expect(await operator('/metrics')).toContain('guestpass_genesys_circuit_open{operation="guest"} 0\n');
});

test('sessions of web messaging are held back in the same way, and their guests are answered at once', async () => {
  await using here = await stage({ GUESTPASS_ISSUER: 'web-messaging' });
  const { simulator, clock, ask, askMany, operator } = here;
  simulator.faults.add({ operation: 'socket', status: 503, times: 'always' });
  for (let guest = 0; guest < 20; guest += 1) expect((await ask()).status).toBe(503);

  for (const answer of await askMany(30)) {
    expect(answer).toMatchObject({ status: 503, retryAfter: '5', body: { code: 'platform_unavailable' } });
  }
  expect(simulator.requests.filter(({ operation }) => operation === 'socket')).toHaveLength(20);
  expect(await operator('/metrics')).toContain('guestpass_genesys_circuit_open{operation="guest"} 1\n');

  simulator.faults.clear();
  await clock.advance(5_000);
  expect([(await ask()).status, (await ask()).status]).toEqual([201, 201]);
  expect(here.changes()).toEqual(['open', 'half-open', 'closed']);
});

test('a gateway told so asks a failing platform for every guest', async () => {
  await using here = await stage({ GUESTPASS_CIRCUIT_BREAKER: 'false' });
  here.simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
  for (let guest = 0; guest < 25; guest += 1) await here.ask();
  expect(here.simulator.stats().guestRequests).toBe(25);
});

test('while the platform says nothing, guests beyond those who wait for it are refused at the door', async () => {
  const crowd = { GUESTPASS_CONNECTIONS: '4', GUESTPASS_REQUESTS_PER_MINUTE: '100000' };
  await using here = await stage({ ...crowd, GUESTPASS_MAX_CONNECTIONS_PER_ADDRESS: '1000' });
  const { simulator, clock, ask, post, operator } = here;
  expect((await ask()).status).toBe(201);
  simulator.faults.add({ operation: 'guest', stall: true, times: 'always' });
  const [atOnce, later] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const answers: Awaited<ReturnType<typeof post>>[] = [];
  const asked = Array.from({ length: 290 }, async () => {
    answers.push(await post());
    if (answers.length === 30) atOnce.resolve();
    if (answers.length === 286) later.resolve();
  });
  await meanwhile(clock, atOnce.promise);
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 503, retryAfter: expect.any(String), body: { code: 'overloaded' } });
  }
  const calls = (state: string) => `guestpass_upstream_calls{upstream="platform",state="${state}"}`;
  const metrics = await operator('/metrics');
  expect(metrics).toContain(`${calls('under_way')} 4\n`);
  expect(metrics).toContain(`${calls('waiting')} 256\n`);
  await clock.advance(2_000);
  await meanwhile(clock, later.promise);
  await clock.advance(8_000);
  await meanwhile(clock, Promise.all(asked));
  const codes = Object.groupBy(answers, ({ body }) => body.code ?? 'none');
  expect(Object.entries(codes).map(([code, ended]) => [code, ended?.length])).toEqual([
    ['overloaded', 286],
    ['outcome_unknown', 4],
  ]);
  expect(simulator.stats().guestRequests).toBe(5);
  expect(await operator('/metrics')).toContain(`${calls('waiting')} 0\n`);
});

test('while the platform answers no upgrade, as many sockets are opened as there are connections', async () => {
  const crowd = { GUESTPASS_CONNECTIONS: '4', GUESTPASS_MAX_CONNECTIONS_PER_ADDRESS: '1000' };
  await using here = await stage({ ...crowd, GUESTPASS_ISSUER: 'web-messaging' });
  const { simulator, clock, post, operator } = here;
  simulator.faults.add({ operation: 'socket', stall: true, times: 'always' });
  const answers: Awaited<ReturnType<typeof post>>[] = [];
  const waited = Promise.withResolvers<void>();
  const asked = Array.from({ length: 20 }, async () => {
    answers.push(await post());
    if (answers.length === 16) waited.resolve();
  });
  const calls = (state: string) => `guestpass_upstream_calls{upstream="platform",state="${state}"}`;
  const inLine = expect.poll(() => operator('/metrics'), { timeout: 10_000 }).toContain(`${calls('waiting')} 16\n`);
  await meanwhile(clock, inLine);
  expect(await operator('/metrics')).toContain(`${calls('under_way')} 4\n`);
  await clock.advance(2_000);
  await meanwhile(clock, waited.promise);
  await clock.advance(8_000);
  await meanwhile(clock, Promise.all(asked));
  const codes = Object.groupBy(answers, ({ body }) => body.code ?? 'none');
  expect(Object.entries(codes).map(([code, ended]) => [code, ended?.length])).toEqual([
    ['overloaded', 16],
    ['deadline_exceeded', 4],
  ]);
  expect(simulator.stats().faultsApplied).toBe(4);
  expect(await operator('/metrics')).toContain(`${calls('under_way')} 0\n`);
});
