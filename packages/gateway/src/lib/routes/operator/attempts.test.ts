import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AttemptView } from '../../openapi/attempts.ts';
import { consentOf } from '../../testing/consent.ts';
import { admitted, failed, newAttemptId, payload, unknown } from '../../testing/guests.ts';
import { type Operators, openOperators } from '../../testing/operators.ts';

interface Page {
  readonly data: readonly AttemptView[];
  readonly nextCursor: string | null;
}

let operators: Operators;
let ids: { readonly admitted: string; readonly failed: string; readonly unknown: string; readonly intent: string };

beforeAll(async () => {
  operators = await openOperators();
  const { guest, attempts, clock } = operators;
  ids = {
    admitted: await guest(admitted),
    failed: await guest(failed),
    unknown: await guest(unknown),
    intent: newAttemptId(),
  };
  const elsewhere = { ...payload, channelId: 'channel-2' };
  await attempts.recordIntent({ attemptId: ids.intent, payload: elsewhere, nowMs: clock.now() });
});

afterAll(() => operators[Symbol.asyncDispose]());

const idsOf = async (query: string) =>
  (await operators.ask<Page>(`GET /v1/attempts${query}`)).body.data.map(({ id }) => id);

test('attempts come newest first, a page at a time, until there are no more', async () => {
  const first = await operators.ask<Page>('GET /v1/attempts?limit=2');
  expect(first.body.data.map(({ id }) => id)).toEqual([ids.intent, ids.unknown]);
  const next = await operators.ask<Page>(`GET /v1/attempts?limit=2&after=${first.body.nextCursor}`);
  expect(next.body.data.map(({ id }) => id)).toEqual([ids.failed, ids.admitted]);
  expect(next.body.nextCursor).toBeNull();
  expect(await idsOf(`?after=0`)).toEqual([]);
});

test('a filter names outcome, code, channel or guest, and several at once', async () => {
  expect(await idsOf('?outcome=admitted')).toEqual([ids.admitted]);
  expect(await idsOf('?outcome=intent')).toEqual([ids.intent]);
  expect(await idsOf('?code=rate_limited')).toEqual([ids.failed]);
  expect(await idsOf('?channel=channel-2')).toEqual([ids.intent]);
  expect(await idsOf(`?guest=guest-of-${ids.admitted}`)).toEqual([ids.admitted]);
  expect(await idsOf('?guest=%25')).toEqual([]);
  expect(await idsOf('?code=rate_limited&outcome=unknown')).toEqual([]);
});

test('an attempt is shown with everything but the guest pass', async () => {
  const { body } = await operators.ask(`GET /v1/attempts/${ids.admitted}`);
  expect(body).toMatchObject({
    outcome: 'admitted',
    guestId: `guest-of-${ids.admitted}`,
    captcha: { provider: 'recaptcha', verified: true, score: 0.9 },
    startedAt: '2024-01-15T10:30:00.000Z',
    stages: { payload: 0.1, guest: 12.34 },
    statusCodes: [201],
    code: null,
  });
  expect(JSON.stringify(body)).not.toContain('token-of-');
  expect((await operators.ask(`GET /v1/attempts/${ids.failed}`)).body).toMatchObject({
    outcome: 'failed',
    stage: 'guest',
    code: 'rate_limited',
    platformStatus: 429,
    retryAfterMs: 2_000,
  });
  expect((await operators.ask(`GET /v1/attempts/${newAttemptId()}`)).status).toBe(404);
});

test('an attempt names the trace of the request that asked', async () => {
  const attemptId = newAttemptId();
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  await operators.attempts.recordIntent({ attemptId, payload, nowMs: operators.clock.now(), traceparent });
  const traceOf = async (id: string) => (await operators.ask<AttemptView>(`GET /v1/attempts/${id}`)).body.traceId;
  expect(await traceOf(attemptId)).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  expect(await traceOf(ids.admitted)).toBeNull();
});

test('an attempt is shown with its consent as it stands now, until the guest is erased', async () => {
  const { attempts, clock } = operators;
  const attemptId = newAttemptId();
  const consent = consentOf(attemptId, clock.now());
  await attempts.recordIntent({ attemptId, payload, nowMs: clock.now() });
  await attempts.recordOutcome(admitted(attemptId), clock.now(), consent);
  const shown = async () => Object((await operators.ask(`GET /v1/attempts/${attemptId}`)).body).consent;
  expect(await shown()).toEqual(consent);
  await clock.advance(30 * 86_400_000);
  expect((await shown()).consent).toMatchObject({ state: 'expired', withdrawnAt: null });

  const nowMs = clock.now();
  await attempts.withdrawConsent({ attemptId, basis: 'Asked for.', nowMs });
  const withdrawn = { state: 'withdrawn', withdrawnAt: new Date(nowMs).toISOString() };
  expect(await shown()).toEqual({ ...consent, consent: { ...consent.consent, ...withdrawn } });
  await attempts.eraseGuest({ attemptId, basis: 'Asked for.', nowMs });
  expect(await shown()).toBeNull();
});
