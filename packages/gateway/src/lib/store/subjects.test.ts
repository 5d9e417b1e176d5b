import { expect, test } from 'vitest';
import { tablesHolding } from '../testing/every-table.ts';
import { admitted, masterKey, newAttemptId, noon, payload } from '../testing/guests.ts';
import { testDatabase } from '../testing/postgres.ts';
import { createAttemptStore } from './attempts.ts';
import { createAuditStore } from './audit.ts';
import { createDeliveryStore } from './deliveries.ts';
import { createEndpointStore } from './endpoints.ts';

test('an erased guest is in no table any more, the chain is whole, and the erasure is on record and told', async () => {
  await using database = await testDatabase();
  const endpoints = createEndpointStore(database, masterKey);
  await endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const [erased, other] = [newAttemptId(), newAttemptId()];
  for (const attemptId of [erased, other]) {
    const idempotency = { scope: 'channel-1', key: attemptId };
    await store.recordIntent({ attemptId, payload, nowMs: noon, idempotency });
    await store.recordOutcome({ ...admitted(attemptId), correlationId: `of-${attemptId}` }, noon);
  }
  const [found] = await store.list({ limit: 9, guestId: `guest-of-${erased}` });
  expect(found?.id).toBe(erased);

  const erasure = { attemptId: erased, basis: 'request of the data subject', nowMs: noon + 1_000 };
  const answers = await Promise.all([store.eraseGuest(erasure), store.eraseGuest(erasure)]);
  expect(answers).toEqual([true, false]);
  expect(await store.eraseGuest({ ...erasure, attemptId: newAttemptId() })).toBe(false);

  const audit = createAuditStore(database, masterKey);
  expect(await audit.verify()).toMatchObject({ ok: true, records: 5 });
  const page = await audit.page({ limit: 9, eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED' });
  expect(page.map(({ opened }) => opened?.guestId)).toEqual([`guest-of-${other}`, undefined]);
  const [record] = await audit.page({ limit: 1 });
  expect(JSON.parse(record?.line ?? '')).toMatchObject({
    eventType: 'WEBMESSAGING_GUEST_ERASED',
    attemptId: erased,
    basis: 'request of the data subject',
  });

  const summaries = await Promise.all([store.get(erased), store.get(other)]);
  expect(summaries.map((summary) => summary?.correlation_id)).toEqual([null, `of-${other}`]);

  const deliveries = await database.query(
    `select event_type, state, convert_from(body, 'utf8') as body from guestpass.deliveries where attempt_id = $1 order by number`,
    [erased],
  );
  expect(deliveries).toEqual([
    { event_type: 'guest.authenticated', state: 'dead', body: null },
    {
      event_type: 'guest.erased',
      state: 'pending',
      body: JSON.stringify({
        type: 'guest.erased',
        timestamp: new Date(noon + 1_000).toISOString(),
        data: { attemptId: erased, sequence: 5 },
      }),
    },
  ]);
  const idempotency = { scope: 'channel-1', key: erased };
  const again = { attemptId: newAttemptId(), payload, nowMs: noon, idempotency };
  expect(await store.recordIntent(again)).toMatchObject({ outcome: 'replay', attempt: { outcome: 'unknown' } });
  expect(await tablesHolding(database, `guest-of-${erased}`)).toEqual([]);
});

test('what gateways of before left in the clear is found, told and erased like the rest', async () => {
  await using database = await testDatabase();
  const endpoints = createEndpointStore(database, masterKey);
  await endpoints.create({ url: 'https://idp.example/hook', secret: 'whsec_x' }, noon);
  await using store = createAttemptStore({ database, masterKey, owner: 'gateway-1' });
  const attemptId = newAttemptId();
  await store.recordIntent({ attemptId, payload, nowMs: noon });
  await store.recordOutcome(admitted(attemptId), noon);
  await database.query(
    `update guestpass.attempts set guest_id = 'guest-of-before', correlation_id = 'correlation-of-before',
      sealed_person = null, guest_print = null`,
  );
  const [found] = await store.list({ limit: 9, guestId: 'guest-of-before' });
  expect(found).toMatchObject({ id: attemptId, correlation_id: 'correlation-of-before', is_erasable: true });

  expect(await store.withdrawConsent({ attemptId, basis: 'asked for', nowMs: noon })).toBe(true);
  const deliveries = createDeliveryStore({ database, masterKey, announce: async () => {} });
  const [told] = await deliveries.list({ limit: 1 });
  expect((await deliveries.get(told?.id ?? ''))?.body?.toString()).toContain('guest-of-before');

  expect(await store.eraseGuest({ attemptId, basis: 'asked for', nowMs: noon })).toBe(true);
  expect(await tablesHolding(database, 'of-before')).toEqual([]);
});
