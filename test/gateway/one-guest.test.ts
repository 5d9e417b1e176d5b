import { randomUUID } from 'node:crypto';
import { solveAltcha } from '@guestpass/gateway/testing';
import type { SimulatorFault } from '@guestpass/simulator';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dumpDatabase, spellings } from './support/database-dump.ts';
import { freshPayload } from './support/payload.ts';
import { captchaSecret, clientSecret, openStage, type Stage } from './support/stage.ts';

// One guest through the gateway: real HTTP on both sides, a real database, the simulated platform.

let stage: Stage;
/** Gives up soon, and its platform can be taken away. */
let hasty: Stage;

beforeAll(async () => {
  [stage, hasty] = await Promise.all([openStage(), openStage({ platform: { deadlineMs: 500 } })]);
}, 60_000);

afterAll(async () => {
  await Promise.all([stage?.[Symbol.asyncDispose](), hasty?.[Symbol.asyncDispose]()]);
});

beforeEach(() => {
  stage.simulator.faults.clear();
  hasty.simulator.faults.clear();
});

interface Told {
  readonly attemptId: string;
  readonly code: string;
  readonly instance: string;
  readonly [field: string]: unknown;
}

/** The answer, and how often platform and captcha provider were asked for it. */
async function letIn(payload: unknown, { on = stage }: { readonly on?: Stage } = {}) {
  const before = on.simulator.stats();
  const response = await on.ask(payload);
  const text = await response.text();
  // A cast, because the answer is our own gateway's; the tests look at what is in it.
  const body = JSON.parse(text) as Told;
  const after = on.simulator.stats();
  return {
    response,
    text,
    body,
    attemptId: body.attemptId ?? body.instance?.split('/').at(-1),
    guestCalls: after.guestRequests - before.guestRequests,
    guestsCreated: after.guestsCreated - before.guestsCreated,
    captchaCalls: after.captchaRequests - before.captchaRequests,
  };
}

/** The audit records of an attempt, oldest first: event type, code and captcha as they stand in the line. */
async function recordsOf(attemptId: string, on = stage) {
  const page = await on.gateway.audit.page({ limit: 10, attemptId });
  return page.toReversed().map(({ line }) => JSON.parse(line));
}

const requested = expect.objectContaining({ eventType: 'WEBMESSAGING_GUEST_REQUESTED' });

test('a guest comes in: 201 with the guest pass, the stages timed, nothing to be cached', async () => {
  const { response, body, attemptId, guestCalls } = await letIn(freshPayload());
  expect(response.status).toBe(201);
  expect(body).toEqual({
    attemptId: expect.stringMatching(/^att_/),
    guestId: expect.any(String),
    channelId: 'demo',
    sessionToken: expect.any(String),
    expiresAt: expect.any(String),
    connect: { url: expect.stringMatching(/^ws:/), deploymentId: 'demo' },
  });
  const headers = Object.fromEntries(response.headers);
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'strict-transport-security': 'max-age=31536000; includeSubDomains',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'cross-origin-resource-policy': 'same-origin',
    'x-request-id': expect.any(String),
  });
  expect(headers).not.toHaveProperty('server');
  expect(headers).not.toHaveProperty('x-powered-by');
  for (const stageName of ['payload', 'consent', 'channel', 'captcha', 'token', 'guest', 'audit']) {
    expect(headers['server-timing']).toMatch(new RegExp(`\\b${stageName};dur=\\d`));
  }
  expect(guestCalls).toBe(1);

  expect(await recordsOf(attemptId)).toEqual([
    requested,
    expect.objectContaining({
      eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
      channelId: 'demo',
      outcome: 'admitted',
      code: null,
      captchaProvider: 'recaptcha',
      captcha: { verified: true, score: 0.9 },
    }),
  ]);
  expect(await stage.witness.settled(attemptId)).toMatchObject({ state: 'delivered' });
  const identities = await (await fetch(`${stage.platformUrl}/_idp/identities`)).text();
  expect(identities).toContain(body.guestId);
});

interface Ending {
  readonly fault: SimulatorFault;
  readonly status: number;
  readonly code: string | null;
  readonly outcome: 'AUTHENTICATED' | 'FAILED' | 'UNKNOWN';
  readonly calls: number;
}

const always = { operation: 'guest', times: 'always' } as const;
const twice = { operation: 'guest', times: 2 } as const;
const once = { operation: 'guest' } as const;
const unknown = { status: 504, code: 'outcome_unknown', outcome: 'UNKNOWN', calls: 1 } as const;
const noGuest = { status: 502, code: 'platform_response_invalid', outcome: 'UNKNOWN', calls: 1 } as const;
const down = { status: 503, code: 'platform_unavailable', outcome: 'FAILED' } as const;
const letInAfter = { status: 201, code: null, outcome: 'AUTHENTICATED' } as const;

const endings: Record<string, Ending> = {
  '429 twice': { fault: { ...twice, status: 429 }, ...letInAfter, calls: 3 },
  '429 for ever': { fault: { ...always, status: 429 }, status: 503, code: 'rate_limited', outcome: 'FAILED', calls: 4 },
  '429 for longer than there is time': {
    fault: { ...once, status: 429, headers: { 'Retry-After': '86400' } },
    ...{ status: 503, code: 'rate_limited', outcome: 'FAILED', calls: 1 },
  },
  '503 twice': { fault: { ...twice, status: 503 }, ...letInAfter, calls: 3 },
  '503 for ever': { fault: { ...always, status: 503 }, ...down, calls: 4 },
  '500': { fault: { ...once, status: 500 }, ...down, calls: 1 },
  '401 once, as for a token that was revoked': { fault: { ...once, status: 401 }, ...letInAfter, calls: 2 },
  '401 for a fresh token too': {
    fault: { ...always, status: 401 },
    ...{ status: 502, code: 'unauthorized', outcome: 'FAILED', calls: 2 },
  },
  '403': { fault: { ...once, status: 403 }, status: 502, code: 'forbidden', outcome: 'FAILED', calls: 1 },
  '404': { fault: { ...once, status: 404 }, status: 502, code: 'endpoint_not_found', outcome: 'FAILED', calls: 1 },
  '400': { fault: { ...once, status: 400 }, status: 502, code: 'request_rejected', outcome: 'FAILED', calls: 1 },
  '302': {
    fault: { ...once, status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
    ...{ status: 502, code: 'platform_response_invalid', outcome: 'FAILED', calls: 1 },
  },
  '502': { fault: { ...always, status: 502 }, ...unknown },
  '504 although it was done': { fault: { ...always, status: 504, executes: true }, ...unknown },
  'a reset before it was done': { fault: { ...always, reset: 'before' }, ...unknown },
  'a reset after it was done': { fault: { ...always, reset: 'after' }, ...unknown },
  'an answer that breaks off': { fault: { ...always, truncate: true }, ...noGuest },
  'a page': { fault: { ...always, body: 'html' }, ...noGuest },
  'nothing in the answer': { fault: { ...always, body: 'empty' }, ...noGuest },
  'no JSON': { fault: { ...always, body: 'garbage' }, ...noGuest },
  'another JSON': { fault: { ...always, body: 'wrong-json' }, ...noGuest },
  'ten million bytes': { fault: { ...always, body: { bytes: 10_000_000 } }, ...noGuest },
  'a 200 instead of a 201': { fault: { ...always, status: 200 }, ...noGuest },
};

describe('when the platform answers', () => {
  test.each(Object.entries(endings))('%s', async (name, { fault, status, code, outcome, calls }) => {
    stage.simulator.faults.add(fault);
    const { response, body, attemptId, guestCalls, guestsCreated } = await letIn(freshPayload());
    expect({ name, status: response.status, code: body.code ?? null }).toEqual({ name, status, code });
    expect(guestCalls).toBe(calls);
    expect(guestsCreated).toBeLessThanOrEqual(1);
    if (code) expect(response.headers.get('content-type')).toBe('application/problem+json');
    if (status === 503 && code !== 'platform_unavailable') expect(response.headers.get('retry-after')).toMatch(/^\d+$/);

    const eventType = `WEBMESSAGING_GUEST_${outcome}`;
    expect(await recordsOf(attemptId)).toEqual([requested, expect.objectContaining({ eventType, code })]);
    const { delivery, state } = await stage.witness.settled(attemptId);
    expect([delivery.event_type, state]).toEqual([`guest.${outcome.toLowerCase()}`, 'delivered']);
  });

  test('nothing until the deadline: unknown, and asked once', async () => {
    hasty.simulator.faults.add({ operation: 'guest', stall: true, times: 'always' });
    const began = performance.now();
    const { response, body, attemptId, guestCalls } = await letIn(freshPayload(), { on: hasty });
    expect([response.status, body.code, guestCalls]).toEqual([504, 'outcome_unknown', 1]);
    expect(performance.now() - began).toBeLessThan(500 + 1_500);
    expect(await recordsOf(attemptId, hasty)).toEqual([
      requested,
      expect.objectContaining({ eventType: 'WEBMESSAGING_GUEST_UNKNOWN', code: 'outcome_unknown' }),
    ]);
    expect(await hasty.witness.settled(attemptId)).toMatchObject({ delivery: { event_type: 'guest.unknown' } });
  });

  test('too late, although it was done: unknown, and asked once', async () => {
    hasty.simulator.faults.add({ operation: 'guest', delayMs: 30_000, times: 'always' });
    const { response, body, guestCalls, guestsCreated } = await letIn(freshPayload(), { on: hasty });
    expect([response.status, body.code, guestCalls, guestsCreated]).toEqual([504, 'outcome_unknown', 1, 1]);
  });
});

test('a platform that cannot be reached: failed, to be tried again', async () => {
  await using alone = await openStage({ platform: { environment: 'http://127.0.0.1:1' } });
  const { response, body, attemptId } = await letIn(freshPayload(), { on: alone });
  expect([response.status, body.code, body.retryable]).toEqual([503, 'platform_unavailable', true]);
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await recordsOf(attemptId, alone)).toEqual([
    requested,
    expect.objectContaining({ eventType: 'WEBMESSAGING_GUEST_FAILED', code: 'platform_unavailable' }),
  ]);
}, 30_000);

test('credentials that are refused: failed, and the token endpoint is not asked for every guest', async () => {
  await using alone = await openStage({ platform: { clientSecret: 'wrong-canary-secret' } });
  const told = await Promise.all(Array.from({ length: 5 }, () => letIn(freshPayload(), { on: alone })));
  for (const { response, body, text, attemptId } of told) {
    expect([response.status, body.code]).toEqual([502, 'credentials_rejected']);
    expect(text).not.toContain('canary');
    expect((await recordsOf(attemptId, alone)).at(-1)).toMatchObject({ eventType: 'WEBMESSAGING_GUEST_FAILED' });
  }
  expect(alone.simulator.stats()).toMatchObject({ tokenRequests: 1, guestRequests: 0 });
}, 30_000);

describe('captcha', () => {
  const answered = (response: string, provider = 'recaptcha') => freshPayload({ captcha: { provider, response } });

  test.each([
    ['a low score', { kind: 'low-score', code: 'captcha_score_too_low', score: 0.1 }],
    ['one the provider rejects', { kind: 'rejected', code: 'captcha_rejected', score: null }],
    ['one that has expired', { kind: 'expired', code: 'captcha_rejected', score: null }],
  ])('%s is refused, and the platform is not asked', async (_, { kind, code, score }) => {
    const told = await letIn(answered(`${kind}.${randomUUID()}`));
    expect([told.response.status, told.body.code, told.captchaCalls, told.guestCalls]).toEqual([403, code, 1, 0]);
    expect(await recordsOf(told.attemptId)).toEqual([
      requested,
      expect.objectContaining({ eventType: 'WEBMESSAGING_GUEST_REFUSED', code, captcha: { verified: true, score } }),
    ]);
    expect(await stage.witness.settled(told.attemptId)).toMatchObject({ delivery: { event_type: 'guest.refused' } });
  });

  test('none at all, or of a provider nobody verifies, is refused and nobody is asked', async () => {
    const none = await letIn(freshPayload({ captcha: undefined }));
    expect([none.response.status, none.body.code, none.captchaCalls]).toEqual([422, 'captcha_required', 0]);
    const other = await letIn(answered('ok', 'elsewhere'));
    expect([other.response.status, other.body.code, other.captchaCalls]).toEqual([403, 'captcha_rejected', 0]);
    expect(none.guestCalls + other.guestCalls).toBe(0);
  });

  test('an answer is good once: again, and a hundred times at once', async () => {
    const one = answered(`ok.${randomUUID()}`);
    expect((await letIn(one)).response.status).toBe(201);
    const again = await letIn(one);
    expect([again.response.status, again.body.code, again.captchaCalls]).toEqual([409, 'captcha_reused', 0]);

    const other = answered(`ok.${randomUUID()}`);
    const before = stage.simulator.stats();
    const responses = await Promise.all(Array.from({ length: 100 }, () => stage.ask(other)));
    const statuses = responses.map(({ status }) => status);
    await Promise.all(responses.map((response) => response.body?.cancel()));
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(99);
    const after = stage.simulator.stats();
    expect(after.captchaRequests - before.captchaRequests).toBe(1);
    expect(after.guestRequests - before.guestRequests).toBe(1);
  });

  test.each([
    ['is out of service', { status: 500 }],
    ['resets the connection', { reset: 'after' }],
    ['answers with a page', { body: 'html' }],
    ['says neither yes nor no', { body: { merge: { success: 'true' } } }],
    ['never answers', { stall: true }],
  ] as const)('a provider that %s lets nobody in', async (_, fault) => {
    stage.simulator.faults.add({ operation: 'captcha', times: 'always', ...fault });
    const { response, body, guestCalls, attemptId } = await letIn(freshPayload());
    expect([response.status, body.code, guestCalls]).toEqual([503, 'captcha_unavailable', 0]);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect((await recordsOf(attemptId)).at(-1)).toMatchObject({ eventType: 'WEBMESSAGING_GUEST_FAILED' });
  });

  test('ALTCHA needs no account: a challenge is solved for real, and good once', async () => {
    const challenge = await (await fetch(`${stage.gateway.url}/captcha/challenge`)).json();
    const one = answered(await solveAltcha(challenge), 'altcha');
    const { response, attemptId, captchaCalls } = await letIn(one);
    expect([response.status, captchaCalls]).toEqual([201, 0]);
    expect((await recordsOf(attemptId)).at(-1)).toMatchObject({
      captchaProvider: 'altcha',
      captcha: { verified: true, score: null },
    });
    const again = await letIn(one);
    expect([again.response.status, again.body.code, again.guestCalls]).toEqual([409, 'captcha_reused', 0]);
    const forged = await letIn(answered(Buffer.from('{"challenge":{},"solution":{}}').toString('base64'), 'altcha'));
    expect([forged.response.status, forged.body.code]).toEqual([403, 'captcha_rejected']);
  });
});

test.each([
  ['older than a quarter of an hour', -16 * 60_000, 'consent_timestamp_stale'],
  ['from 1970', -Date.now(), 'consent_timestamp_stale'],
  ['more than a minute ahead', 90_000, 'consent_timestamp_future'],
  ['a day ahead', 86_400_000, 'consent_timestamp_future'],
])('a consent %s is refused on record, and nobody is asked', async (_, offMs, code) => {
  const timestamp = new Date(Date.now() + offMs).toISOString();
  const told = await letIn(freshPayload({ consent: { accepted: true, timestamp } }));
  expect([told.response.status, told.body.code, told.captchaCalls, told.guestCalls]).toEqual([422, code, 0, 0]);
  expect((await recordsOf(told.attemptId)).at(-1)).toMatchObject({ eventType: 'WEBMESSAGING_GUEST_REFUSED', code });
});

test('no secret stands anywhere: not in the database, in what was told, delivered or answered', async () => {
  const answer = `ok.canary-${randomUUID()}`;
  const attribute = `canary-attribute-${randomUUID()}`;
  const payload = freshPayload({
    captcha: { provider: 'recaptcha', response: answer },
    attributes: { note: attribute },
  });
  const key = `canary-key-${randomUUID()}`;
  const admitted = await stage.ask(payload, { 'idempotency-key': key });
  expect(admitted.status).toBe(201);
  // A cast, because the answer is our own gateway's.
  const { sessionToken, attemptId } = (await admitted.json()) as { sessionToken: string; attemptId: string };
  await stage.witness.settled(attemptId);
  const problems: string[] = [];
  for (const fault of [{ status: 400 }, { reset: 'after' }, { body: 'html' }] as const) {
    stage.simulator.faults.add({ operation: 'guest', ...fault });
    const response = `ok.canary-${randomUUID()}`;
    const told = await letIn({ ...payload, captcha: { provider: 'recaptcha', response } });
    problems.push(told.text);
    await stage.witness.settled(told.attemptId);
  }
  problems.push((await letIn(payload)).text, (await letIn({ ...payload, captcha: answer, language: attribute })).text);

  const ids = (await stage.gateway.deliveries.list({ limit: 1_000 })).map(({ id }) => id);
  const bodies = (await stage.gateway.deliveries.getAll(ids)).map(({ body }) => body?.toString());
  const seen = {
    database: await dumpDatabase(stage.database),
    deliveries: JSON.stringify(bodies),
    told: stage.witness.text(),
    problems: problems.join('\n'),
  };
  const secrets = { sessionToken, answer, attribute, key, clientSecret, captchaSecret };
  for (const [place, text] of Object.entries(seen)) {
    expect(text.length).toBeGreaterThan(100);
    for (const [name, secret] of Object.entries(secrets)) {
      const found = spellings(secret).filter((spelling) => text.includes(spelling));
      expect({ place, name, found }).toEqual({ place, name, found: [] });
    }
  }
  expect(seen.database).not.toContain(stage.masterKey.toString('hex'));
});
