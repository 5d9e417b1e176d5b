import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { type TestDatabase, testDatabase } from '../testing/postgres.ts';
import { createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';
import { lockHead } from './chain.ts';
import { createEndpointStore } from './endpoints.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  await createEndpointStore(database, masterKey).create({ url: 'https://idp.example/', secret: 'whsec_x' }, noon);
});

afterAll(() => database[Symbol.asyncDispose]());

/** Another process that lets guests in as fast as it can, and tells each id once its record is kept. */
function gateway() {
  const from = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const program = `
    const { connectDatabase } = await import(${from('../database/connect.ts')});
    const { createAttemptStore } = await import(${from('./attempts.ts')});
    const { admitted, newAttemptId, noon, payload } = await import(${from('../testing/guests.ts')});
    const masterKey = Buffer.from(${JSON.stringify(masterKey.toString('base64'))}, 'base64');
    const database = connectDatabase({ url: ${JSON.stringify(database.url)} });
    const store = createAttemptStore({ database, masterKey, owner: 'victim' });
    const guests = async () => {
      for (;;) {
        const attemptId = newAttemptId();
        const idempotency = { scope: 'test', key: attemptId };
        await store.recordIntent({ attemptId, payload, nowMs: noon, idempotency });
        process.stdout.write('intent ' + attemptId + '\\n');
        await store.recordOutcome(admitted(attemptId), noon);
        process.stdout.write('outcome ' + attemptId + '\\n');
      }
    };
    await Promise.all(Array.from({ length: 20 }, guests));`;
  const args = ['--conditions=guestpass-source', '--input-type=module', '--eval', program];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Kills the process after it has told of so many records; returns the ids it had told, by kind. */
async function killAfter(records: number) {
  const told = { intent: new Set<string>(), outcome: new Set<string>() };
  const victim = gateway();
  const ended = once(victim, 'exit');
  let seen = 0;
  for await (const line of createInterface({ input: victim.stdout })) {
    const [kind, id = ''] = line.split(' ');
    told[kind === 'intent' ? 'intent' : 'outcome'].add(id);
    seen += 1;
    if (seen === records) victim.kill('SIGKILL');
  }
  await ended;
  return told;
}

test('after kill -9 under load nothing acknowledged is lost, and each intent ends in one outcome', async () => {
  await using store = createAttemptStore({ database, masterKey, owner: 'survivor' });
  const audit = createAuditStore(database, masterKey);
  for (const records of [1, 60, 333]) {
    const told = await killAfter(records);
    for (const id of told.intent) expect(await store.get(id)).toBeDefined();
    for (const id of told.outcome) expect((await store.get(id))?.status).toBe('admitted');

    // A commit the victim had sent may still be under way; it holds the head of the chain.
    await database.transaction(lockHead);
    await database.query(`update guestpass.attempts set lease_until = now() where status = 'intent'`);
    await store.recoverOrphans(noon + 60_000);
    expect(await store.list({ limit: 1, status: 'intent' })).toEqual([]);
    expect(await audit.verify()).toMatchObject({ ok: true });
    const [orphan] = await store.list({ limit: 1, status: 'unknown' });
    if (orphan) {
      const again = { attemptId: newAttemptId(), payload, nowMs: noon, idempotency: { scope: 'test', key: orphan.id } };
      expect(await store.recordIntent(again)).toMatchObject({ outcome: 'replay', attempt: { outcome: 'unknown' } });
    }
  }
  const [counts] = await database.query(
    `select (select count(*) from guestpass.attempts) * 2 = (select sequence from guestpass.audit_head) as records_match,
       (select count(*) from guestpass.attempts) = (select count(*) from guestpass.deliveries) as deliveries_match`,
  );
  expect(counts).toEqual({ records_match: true, deliveries_match: true });
}, 60_000);
