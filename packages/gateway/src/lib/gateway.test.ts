import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSimulator } from '@guestpass/simulator';
import { systemClock } from 'guestpass';
import { fetchExchange } from 'guestpass/http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GatewayOptions, startGateway } from './gateway.ts';
import { admitted, masterKey, newAttemptId, payload } from './testing/guests.ts';
import { type TestDatabase, testDatabase } from './testing/postgres.ts';
import type { GatewayObserver } from './watch/observer.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await testDatabase();
});

afterEach(() => database[Symbol.asyncDispose]());

function start(observer: Partial<GatewayObserver> = {}, more: Partial<GatewayOptions> = {}) {
  const simulator = createSimulator({ seed: 1, channels: { [payload.channelId]: 'active' } });
  return startGateway({
    platform: {
      environment: 'http://127.0.0.1:4010',
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      exchange: fetchExchange(simulator.fetch),
      policy: { captcha: { mode: 'optional' } },
    },
    storage: { url: database.url },
    masterKey,
    owner: 'test',
    receivers: { allowHttp: true, ports: 'any', allowCidrs: ['127.0.0.0/8'] },
    observer,
    ...more,
  });
}

/** A receiver that answers when told. */
async function patientReceiver() {
  const held: ServerResponse[] = [];
  const server = createServer((_, response) => void held.push(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    held,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a gateway that stops tries no delivery over a network it has closed', async () => {
  await using receiver = await patientReceiver();
  const gateway = await start();
  await gateway.endpoints.create({ url: receiver.url, secret: `whsec_${'A'.repeat(32)}` }, systemClock.now());
  for (let guest = 0; guest < 6; guest += 1) {
    const attemptId = newAttemptId();
    await gateway.attempts.recordIntent({ attemptId, payload, nowMs: systemClock.now() });
    await gateway.attempts.recordOutcome(admitted(attemptId), systemClock.now());
  }
  // One receiver is asked four times at once; the others wait.
  await expect.poll(() => receiver.held.length).toBe(4);
  const claimed = "select count(*)::int as jobs from guestpass_jobs.job where state = 'active'";
  await expect.poll(() => database.query(claimed), { timeout: 5_000 }).toEqual([{ jobs: 6 }]);

  const stopping = gateway.stop(0);
  await expect.poll(() => fetch(gateway.url).catch(() => 'refused')).toBe('refused');
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  // One ends while the others are still waited for, and makes room.
  receiver.held[0]?.end();
  const settled = "select count(*)::int as jobs from guestpass_jobs.job where state <> 'active'";
  await expect.poll(async () => (await database.query(settled))[0]?.jobs, { timeout: 5_000 }).toBeGreaterThan(0);
  for (const response of receiver.held) response.end();
  await stopping;
  const rows = await database.query('select state, tries from guestpass.deliveries order by state, tries');
  expect(rows).toEqual([
    ...Array.from({ length: 4 }, () => ({ state: 'delivered', tries: 1 })),
    ...Array.from({ length: 2 }, () => ({ state: 'pending', tries: 0 })),
  ]);
});

test('an observer that throws takes nothing from a guest', async () => {
  const problems: unknown[] = [];
  const broken = new Error('the log is full');
  await using gateway = await start({
    request() {
      throw broken;
    },
    problem: (error) => problems.push(error),
  });
  const consent = { accepted: true, timestamp: new Date(systemClock.now()).toISOString() };
  const response = await fetch(`${gateway.url}/v1/guests`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ channelId: payload.channelId, consent }),
  });
  expect([response.status, await response.json()]).toEqual([201, expect.objectContaining({ channelId: 'channel-1' })]);
  expect(problems).toEqual([broken]);
});

test('guests are refused while a disk is nearly full', async () => {
  const disks = [{ name: 'checkpoints', directory: '/checkpoints' }];
  const measureDisk = async () => ({ totalBytes: 1_000_000_000, freeBytes: 1_000 });
  await using gateway = await start({}, { disks, measureDisk });
  const answer = await fetch(`${gateway.url}/v1/guests`, { method: 'POST', body: '{}' });
  expect(answer.status).toBe(503);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await answer.json()).toMatchObject({ code: 'overloaded' });
});
