import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startGateway } from '@guestpass/gateway';
import { createSimulator } from '@guestpass/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { optionsFor } from './support/options.ts';
import { until } from './support/until.ts';
import { createCrowd, createHome } from './support/visitors.ts';

// The database of a gateway ends without a word while guests come in, and comes back.

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'guestpass-database-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

async function databasePid(): Promise<number> {
  const file = await readFile(join(directory, 'cluster', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(file.split('\n')[0]);
}

test('a database that ends under its gateway is started again, nobody is let in meanwhile, and nothing is lost', async () => {
  await using simulator = createSimulator({ seed: 1, requestsPerMinute: 1e9, tokenRequestsPerMinute: 1e9 });
  const { url: platformUrl } = await simulator.listen();
  const wanted = {
    databaseUrl: 'postgres://replaced',
    platformUrl,
    masterKey: randomBytes(32).toString('base64'),
    owner: 'one',
    deadlineMs: 2_000,
    leaseMs: 4_000,
    schedule: [0],
  };
  const options = { ...optionsFor(wanted), storage: { directory } };
  await using gateway = await startGateway(options);
  const home = createHome();
  home.open(gateway.url);
  const { visits, leave } = createCrowd(home, 8);
  const answers = () => visits.flatMap((visit) => visit.answers);
  const admitted = () => answers().filter(({ status }) => status === 201).length;
  await until(
    async () => admitted(),
    (count) => count >= 50,
    20_000,
  );

  const killed = await databasePid();
  // What `pg_ctl stop -m immediate` sends: no rollback, no checkpoint, recovery at the next start.
  process.kill(killed, 'SIGQUIT');
  await until(databasePid, (pid) => pid > 0 && pid !== killed, 10_000);

  // It is started again under the gateway, and the same visitors come in.
  const before = admitted();
  await until(
    async () => admitted(),
    (count) => count >= before + 20,
    15_000,
  );
  await leave();

  const told = new Set(answers().map(({ status, body }) => `${status} ${body.code ?? ''}`.trim()));
  // Whoever was at the platform when it happened: the guest may exist, and no record says so yet.
  const known = new Set(['201', '503 storage_unavailable', '504 outcome_unknown']);
  expect([...told.difference(known)]).toEqual([]);
  await until(
    () => gateway.attempts.list({ limit: 1, status: 'intent' }),
    (open) => open.length === 0,
    15_000,
  );
  expect(await gateway.audit.verify()).toMatchObject({ ok: true });
  for (const { status, body } of answers()) {
    if (status === 201) expect((await gateway.attempts.get(body.attemptId ?? ''))?.status).toBe('admitted');
  }
}, 90_000);
