import { randomBytes } from 'node:crypto';
import { type Gateway, startGateway } from '@guestpass/gateway';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optionsFor } from './support/options.ts';
import { freshPayload } from './support/payload.ts';
import { askGuest } from './support/stage.ts';

// Two gateways, one database, one limit.

const limit = 60;
/** What one gateway may let through beyond it. */
const lease = 2;

let database: TestDatabase;
let simulator: Simulator;
let fleet: readonly [Gateway, Gateway];
const problems: unknown[] = [];

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
  simulator = createSimulator({
    seed: 1,
    requestsPerMinute: 1e9,
    tokenRequestsPerMinute: 1e9,
    channels: { busy: 'active', alone: 'active' },
  });
  const { url: platformUrl } = await simulator.listen();
  const wanted = {
    databaseUrl: database.url,
    platformUrl,
    masterKey: randomBytes(32).toString('base64'),
    deadlineMs: 5_000,
    leaseMs: 10_000,
    schedule: [0],
  };
  const start = (owner: string) => {
    const options = optionsFor({ ...wanted, owner }, { problem: (error) => problems.push(error) });
    return startGateway({ ...options, rates: { ...options.rates, channel: limit } });
  };
  fleet = await Promise.all([start('one'), start('two')]);
}, 60_000);

afterAll(async () => {
  await Promise.all((fleet ?? []).map((gateway) => gateway.stop(0)));
  await simulator?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

async function admittedOf(count: number, channelId: string): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const payload = freshPayload({ captcha: undefined, channelId });
      const response = await askGuest(fleet[index % 2 === 0 ? 0 : 1].url, payload);
      // A cast, because the answer is our own gateway's.
      const { code } = (await response.json()) as { readonly code?: string };
      return { status: response.status, code };
    }),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['429 too_many_requests']));
  return answers.length - refused.length;
}

test('two gateways let one limit through together, and a lease each more at most', async () => {
  const admitted = await admittedOf(2 * limit, 'busy');
  expect(admitted).toBeGreaterThanOrEqual(limit);
  expect(admitted).toBeLessThanOrEqual(limit + 2 * lease);
  expect(problems).toEqual([]);
});

test('without the counts of the others each gateway still holds callers to the limit, and lets guests in', async () => {
  await database.query('alter table guestpass.rate_counts rename to rate_counts_gone');
  try {
    const admitted = await admittedOf(4 * limit, 'alone');
    expect(admitted).toBeGreaterThanOrEqual(limit);
    expect(admitted).toBeLessThanOrEqual(2 * limit);
    expect(problems.length).toBeGreaterThan(0);
  } finally {
    await database.query('alter table guestpass.rate_counts_gone rename to rate_counts');
  }
});
