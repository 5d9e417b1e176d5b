import { randomBytes } from 'node:crypto';
import { type Gateway, type GatewayOptions, startGateway } from '@guestpass/gateway';
import { type TestDatabase, testDatabase } from '@guestpass/gateway/testing';
import { createSimulator, type Simulator } from '@guestpass/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optionsFor } from './support/options.ts';
import { freshPayload } from './support/payload.ts';
import { askGuest } from './support/stage.ts';
import { until } from './support/until.ts';

// Four gateways, one database, one limit of each kind.

let database: TestDatabase;
let simulator: Simulator;
let fleet: readonly Gateway[];
const problems: unknown[] = [];
const limits = { address: 10, subnet: 25, channel: 40 };

beforeAll(async () => {
  database = await testDatabase({ migrated: false });
  simulator = createSimulator({
    seed: 1,
    requestsPerMinute: 1e9,
    tokenRequestsPerMinute: 1e9,
    channels: { busy: 'active', demo: 'active' },
  });
  const { url: platformUrl } = await simulator.listen();
  const wanted = {
    databaseUrl: database.url,
    platformUrl,
    masterKey: randomBytes(32).toString('base64'),
    deadlineMs: 30_000,
    leaseMs: 60_000,
    schedule: [0],
  };
  const start = (owner: string) => {
    const options = optionsFor({ ...wanted, owner }, { problem: (error) => problems.push(error) });
    const behindProxy: Partial<GatewayOptions> = { isTrustedProxy: (address) => address === '127.0.0.1' };
    return startGateway({ ...options, ...behindProxy, rates: { ...limits, total: 100_000 } });
  };
  fleet = await Promise.all(['one', 'two', 'three', 'four'].map(start));
}, 60_000);

afterAll(async () => {
  await Promise.all((fleet ?? []).map((gateway) => gateway.stop(0)));
  await simulator?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

interface Burst {
  readonly channelId?: string;
  /** Of the visitor whose turn it is. */
  readonly address: (index: number) => string;
}

async function admittedOf(count: number, { channelId = 'demo', address }: Burst): Promise<number> {
  const answers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const payload = freshPayload({ captcha: undefined, channelId });
      const { url } = fleet[index % fleet.length] ?? { url: '' };
      const response = await askGuest(url, payload, { 'x-forwarded-for': address(index) });
      // A cast, because the answer is our own gateway's.
      const { code } = (await response.json()) as { readonly code?: string };
      return { status: response.status, code };
    }),
  );
  const refused = answers.filter(({ status }) => status !== 201);
  expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['429 too_many_requests']));
  return answers.length - refused.length;
}

/** Addresses of networks of their own. */
const anywhere = (index: number) => `10.${index >> 8}.${index & 255}.1`;

test('four gateways let an address in as often as its limit says, and no more', async () => {
  expect(await admittedOf(40, { address: () => '192.0.2.1' })).toBe(10);
  expect(problems).toEqual([]);
}, 60_000);

test('they hold a network and a channel to one limit together', async () => {
  expect(await admittedOf(52, { address: (index) => `198.51.100.${index}` })).toBe(25);
  expect(await admittedOf(56, { channelId: 'busy', address: anywhere })).toBe(40);
  expect(problems).toEqual([]);
}, 60_000);

test('while the counts of the others hang a guest waits for them a moment, and is let in', async () => {
  const holder = `select pid from pg_stat_activity where datname = current_database() and query like 'do $held$%'`;
  const held = database.query(
    'do $held$ begin lock table guestpass.rate_uses in access exclusive mode; perform pg_sleep(60); end $held$',
  );
  const ended = held.then(
    () => 'released',
    () => 'cancelled',
  );
  const locks = `select 1 from pg_locks where relation = 'guestpass.rate_uses'::regclass and granted and pid in (${holder})`;
  await until(
    () => database.query(locks),
    (rows) => rows.length > 0,
    30_000,
  );
  const answer = askGuest(fleet[0]?.url ?? '', freshPayload({ captcha: undefined }), {
    'x-forwarded-for': '192.0.2.20',
  });
  expect(await Promise.race([answer.then(({ status }) => status), ended])).toBe(201);
  await database.query(`select pg_cancel_backend(pid) from (${holder}) as holders`);
  expect(await ended).toBe('cancelled');
}, 60_000);

test('without the counts of the others each gateway still holds callers to the limit, and lets guests in', async () => {
  await database.query('alter table guestpass.rate_uses rename to rate_uses_gone');
  try {
    const admitted = await admittedOf(48, { address: () => '192.0.2.9' });
    expect(admitted).toBeGreaterThanOrEqual(limits.address);
    expect(admitted).toBeLessThanOrEqual(fleet.length * limits.address);
    expect(problems.length).toBeGreaterThan(0);
  } finally {
    await database.query('alter table guestpass.rate_uses_gone rename to rate_uses');
  }
}, 60_000);
