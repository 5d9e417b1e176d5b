import { once } from 'node:events';
import { createServer } from 'node:net';
import { createGuestpass, type GuestpassOptions, isGuestpassError } from 'guestpass';
import { describe, expect, test } from 'vitest';
import { begins, type SceneOptions, scene, tutorialPayload } from './scene.ts';

// The whole pipeline against the simulated platform, in one process and on one clock.

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const without = (field: keyof typeof tutorialPayload) =>
  Object.fromEntries(Object.entries(tutorialPayload).filter(([name]) => name !== field));

/** A `fetch` of which the first requests never reach anybody, as Node reports it. */
const refusingFirst =
  (times: number): NonNullable<SceneOptions['between']> =>
  (fetch) => {
    let refused = 0;
    return async (request) => {
      if (refused === times) return fetch(request);
      refused += 1;
      const cause = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' });
      throw new TypeError('fetch failed', { cause });
    };
  };

describe('admitted', () => {
  test('a guest comes in, with every fact of the attempt', async () => {
    const { attempt, simulator, clock, close } = scene();
    simulator.faults.add({ operation: 'token', delayMs: 300 });
    simulator.faults.add({ operation: 'guest', delayMs: 120 });
    const admitted = await attempt();
    expect(admitted).toEqual({
      outcome: 'admitted',
      guestPass: {
        guestId: expect.stringMatching(uuid),
        channelId: 'your-channel-id',
        sessionToken: expect.stringMatching(/^[\w-]{43}$/),
        expiresAt: '2026-01-18T10:30:00.300Z',
        connect: { url: 'ws://127.0.0.1:4010/v1', deploymentId: 'your-channel-id' },
      },
      id: expect.stringMatching(/^att_[0-9a-f-]{36}$/),
      channelId: 'your-channel-id',
      consentTimestamp: '2024-01-15T10:30:00Z',
      captcha: { provider: 'recaptcha', verified: false, score: 0.9 },
      startedAt: begins,
      latencyMs: 120,
      durationMs: 420,
      stages: { payload: 0, audit: 0, consent: 0, channel: 0, captcha: 0, token: 300, guest: 120, webhook: 0 },
      retries: 0,
      statusCodes: [201],
      correlationId: simulator.requests.at(-1)?.correlationId,
    });
    await close();
    expect(clock.pending).toBe(0);
  });

  test('one token request and one guest request are sent, and say what the tutorial sends', async () => {
    const { attempt, simulator } = scene();
    await attempt();
    expect(simulator.requests).toMatchObject([
      {
        operation: 'token',
        method: 'POST',
        path: '/oauth/token',
        headerNames: expect.arrayContaining(['authorization', 'content-type']),
        body: { grant_type: 'client_credentials', scope: 'webmessaging:guest:create openid' },
        status: 200,
      },
      {
        operation: 'guest',
        method: 'POST',
        path: '/api/v2/conversations/webmessaging/guests',
        headerNames: expect.arrayContaining(['accept', 'authorization', 'content-type']),
        body: { ...tutorialPayload, captcha: { ...tutorialPayload.captcha, response: '[removed]' } },
        status: 201,
      },
    ]);
  });

  test('authenticate gives the guest pass itself', async () => {
    const { guestpass, clock, simulator } = scene();
    const guestPass = await clock.settle(guestpass.authenticate(tutorialPayload));
    expect(guestPass).toMatchObject({ channelId: 'your-channel-id', sessionToken: expect.any(String) });
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
  });

  test('the guests path, the scope and the client are configuration', async () => {
    const { attempt, simulator } = scene({
      guestpass: { scope: 'webmessaging:guest:create', guestsPath: '/elsewhere', clientId: 'other' },
      simulator: { clients: [{ id: 'other', secret: 'sim-secret', scopes: ['webmessaging:guest:create'] }] },
    });
    expect(await attempt()).toMatchObject({ outcome: 'failed', error: { code: 'endpoint_not_found', status: 404 } });
    expect(simulator.requests.map(({ path }) => path)).toEqual(['/oauth/token', '/elsewhere']);
  });
});

describe('refused: nothing is sent', () => {
  const refused = async (payload: unknown, policy: NonNullable<GuestpassOptions['policy']> = {}) => {
    const { guestpass, clock, simulator, close } = scene({ guestpass: { policy } });
    const ended = await clock.settle(guestpass.attempt(payload));
    await close();
    expect(simulator.stats()).toMatchObject({ tokenRequests: 0, guestRequests: 0, otherRequests: 0 });
    if (ended.outcome !== 'refused') throw new Error(`It was ${ended.outcome}.`);
    return { stage: ended.stage, code: ended.error.code, pointers: ended.error.faults.map(({ pointer }) => pointer) };
  };

  test('a payload of the wrong shape, with every fault at once', async () => {
    const payload = { channelId: '', consent: { accepted: 'yes' }, atributes: {}, captcha: { score: 2 } };
    expect(await refused(payload)).toEqual({
      stage: 'payload',
      code: 'payload_invalid',
      pointers: [
        '/channelId',
        '/consent/accepted',
        '/consent/timestamp',
        '/captcha/provider',
        '/captcha/response',
        '/captcha/score',
        '/atributes',
      ],
    });
  });

  test.each([[undefined], [null], ['{}'], [[]], [42], [new Date(0)], [() => tutorialPayload]])(
    'what is no payload at all: %s',
    async (payload) => {
      expect(await refused(payload)).toMatchObject({ stage: 'payload', code: 'payload_invalid' });
    },
  );

  test('a consent that was not given', async () => {
    const consent = { accepted: false, timestamp: '2024-01-15T10:30:00Z' };
    expect(await refused({ ...tutorialPayload, consent })).toMatchObject({
      stage: 'consent',
      code: 'consent_required',
    });
  });

  test('a consent whose timestamp is no instant', async () => {
    const consent = { accepted: true, timestamp: '2024-02-30T10:30:00Z' };
    expect(await refused({ ...tutorialPayload, consent })).toEqual({
      stage: 'consent',
      code: 'consent_timestamp_invalid',
      pointers: ['/consent/timestamp'],
    });
  });

  test('a consent that is too old or lies in the future, where the policy asks for freshness', async () => {
    const at = (timestamp: string) => ({ ...tutorialPayload, consent: { accepted: true, timestamp } });
    const policy = { consent: { maxAgeMs: 900_000, maxSkewMs: 60_000 } };
    expect((await refused(at('2026-01-15T10:14:59Z'), policy)).code).toBe('consent_timestamp_stale');
    expect((await refused(at('2026-01-15T10:31:01Z'), policy)).code).toBe('consent_timestamp_future');
    const { attempt } = scene({ guestpass: { policy } });
    expect((await attempt(at('2026-01-15T11:15:00+01:00'))).outcome).toBe('admitted');
  });

  test('a channel that is not on the list', async () => {
    const policy = { allowedChannels: ['web', 'demo'] };
    expect(await refused(tutorialPayload, policy)).toMatchObject({ stage: 'channel', code: 'channel_not_allowed' });
  });

  test('a captcha score below the threshold', async () => {
    const captcha = { ...tutorialPayload.captcha, score: 0.49 };
    expect(await refused({ ...tutorialPayload, captcha })).toMatchObject({
      stage: 'captcha',
      code: 'captcha_score_too_low',
    });
    expect((await refused(tutorialPayload, { captcha: { threshold: 0.95 } })).code).toBe('captcha_score_too_low');
  });

  test('a captcha, or its score, that is absent where it is required', async () => {
    const policy = { captcha: { mode: 'required' } } as const;
    const captcha = { provider: 'recaptcha', response: 'answer' };
    expect((await refused(without('captcha'), policy)).code).toBe('captcha_required');
    expect((await refused({ ...tutorialPayload, captcha }, policy)).code).toBe('captcha_required');
  });

  test('an idempotency key of the wrong shape', async () => {
    const { attempt, simulator } = scene();
    expect(await attempt(tutorialPayload, { idempotencyKey: 'short' })).toMatchObject({
      outcome: 'refused',
      error: { code: 'idempotency_key_invalid' },
    });
    expect(simulator.requests).toEqual([]);
  });
});

describe('failed: no guest was created', () => {
  const failed = async (prepare: (stage: ReturnType<typeof scene>) => void, options: SceneOptions = {}) => {
    const stage = scene(options);
    prepare(stage);
    const ended = await stage.attempt();
    expect(stage.simulator.stats().guestsCreated).toBe(0);
    if (ended.outcome !== 'failed') throw new Error(`It was ${ended.outcome}.`);
    return { ...ended, asked: stage.simulator.stats().guestRequests };
  };

  test.each([
    [400, 'request_rejected'],
    [403, 'forbidden'],
    [404, 'endpoint_not_found'],
    [409, 'request_rejected'],
    [413, 'request_rejected'],
    [500, 'platform_unavailable'],
    [501, 'platform_unavailable'],
    [302, 'platform_response_invalid'],
  ])('the platform answers %d: asked once, and told as %s', async (status, code) => {
    const ended = await failed(({ simulator }) => void simulator.faults.add({ operation: 'guest', status }));
    expect(ended).toMatchObject({ stage: 'guest', error: { code, status }, statusCodes: [status], asked: 1 });
    expect(ended.error.correlationId).toBe(ended.correlationId);
  });

  test("the platform's own details of a 400 are kept", async () => {
    const details = [{ errorCode: 'invalid.value', fieldName: 'attributes.origin', note: 'echo of a secret' }];
    const body = { merge: { details } };
    const ended = await failed(({ simulator }) => void simulator.faults.add({ operation: 'guest', status: 400, body }));
    expect(ended.error.faults).toEqual([
      { pointer: '/attributes/origin', detail: 'The platform says: invalid.value.' },
    ]);
    expect(ended.error.message).not.toContain('echo');
  });

  test('a channel the platform does not know is told apart from a path it does not know', async () => {
    const stage = scene();
    const unknown = await stage.attempt({ ...tutorialPayload, channelId: 'nowhere' });
    expect(unknown).toMatchObject({ outcome: 'failed', error: { code: 'request_rejected', status: 404 } });
    const disabled = await stage.attempt({ ...tutorialPayload, channelId: 'disabled' });
    expect(disabled).toMatchObject({ outcome: 'failed', error: { code: 'forbidden', status: 403 } });
  });

  test('the path of the tutorial missing names the way of the real platform', async () => {
    const ended = await failed(({ simulator }) => void simulator.faults.add({ operation: 'guest', status: 404 }));
    expect(ended.error.message).toContain('`web-messaging` issuer');
  });

  test('nobody listens: three repeats, then it is told', async () => {
    const ended = await failed(() => {}, { between: refusingFirst(Number.POSITIVE_INFINITY) });
    expect(ended).toMatchObject({ stage: 'token', error: { code: 'platform_unavailable', retryable: true } });
    expect(ended).toMatchObject({ retries: 3, durationMs: 250 + 500 + 1000, statusCodes: [], correlationId: null });
    expect(ended.error.message).toContain('ECONNREFUSED');
  });

  test('authenticate rejects with the error, which names the attempt', async () => {
    const { guestpass, clock, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status: 403 });
    const error: unknown = await clock
      .settle(guestpass.authenticate(tutorialPayload))
      .catch((thrown: unknown) => thrown);
    expect(isGuestpassError(error)).toBe(true);
    expect(error).toMatchObject({
      code: 'forbidden',
      status: 403,
      correlationId: simulator.requests.at(-1)?.correlationId,
      attemptId: expect.stringMatching(/^att_/),
    });
  });
});

describe('unknown: the guest may exist, and nothing is repeated', () => {
  test.each([
    ['a reset after the request was executed', { reset: 'after' }, 1],
    ['a reset before it was', { reset: 'before' }, 0],
    ['a gateway that gave up', { status: 504, executes: true }, 1],
    ['a gateway that got nonsense', { status: 502 }, 0],
    ['an answer that breaks off', { truncate: true }, 1],
    ['a page instead of the guest', { body: 'html' }, 1],
    ['a guest without its id', { body: { merge: { guestId: '' } } }, 1],
    ['nothing at all', { body: 'empty' }, 1],
    ['an answer larger than any guest', { body: { bytes: 1_000_000 } }, 1],
    ['another success', { status: 200 }, 1],
    ['silence until the deadline', { stall: true }, 0],
  ] as const)('%s', async (_, fault, created) => {
    const { attempt, simulator, close, clock } = scene();
    simulator.faults.add({ operation: 'guest', ...fault });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'unknown', stage: 'guest', retries: 0 });
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: created });
    await close();
    expect(clock.pending).toBe(0);
  });

  test('a platform that makes one guest for one key is asked once more, and the guest is found again', async () => {
    const { attempt, simulator } = scene({ guestpass: { idempotentByKey: true } });
    simulator.faults.add({ operation: 'guest', reset: 'after' });
    const ended = await attempt(tutorialPayload, { idempotencyKey: 'key-of-this-guest' });
    expect(ended).toMatchObject({ outcome: 'admitted', retries: 1, statusCodes: [201] });
    expect(simulator.stats()).toMatchObject({ guestRequests: 2, guestsCreated: 1, replayed: 1 });
  });

  test('a call without a key is given one for such a platform', async () => {
    const { attempt, simulator } = scene({ guestpass: { idempotentByKey: true } });
    simulator.faults.add({ operation: 'guest', reset: 'after' });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 1 });
    expect(simulator.stats()).toMatchObject({ guestRequests: 2, guestsCreated: 1, replayed: 1 });
  });

  test('a guest that may be there stays unknown when the platform turns every repeat away', async () => {
    const { attempt, simulator } = scene({ guestpass: { idempotentByKey: true } });
    simulator.faults.add({ operation: 'guest', reset: 'after' });
    simulator.faults.add({ operation: 'guest', status: 429, times: 'always' });
    const ended = await attempt(tutorialPayload, { idempotencyKey: 'key-of-this-guest' });
    expect(ended).toMatchObject({
      outcome: 'unknown',
      error: { code: 'outcome_unknown' },
      statusCodes: [429, 429, 429],
    });
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
  });
});

describe('retries', () => {
  const statuses = (count: number, status: number) => Array.from({ length: count }, () => status);

  test.each([
    ['without the header, half of 500 ms by our own backoff', undefined, 250],
    ['in seconds', '7', 7000],
    ['in seconds with spaces around', ' 7 ', 7000],
    ['zero, and then never below our own backoff', '0', 250],
    ['as a date', 'Thu, 15 Jan 2026 10:30:05 GMT', 5000],
    ['as a date of RFC 850', 'Thursday, 15-Jan-26 10:30:05 GMT', 5000],
    ['as a date of asctime', 'Thu Jan 15 10:30:05 2026', 5000],
    ['as a date gone by', 'Thu, 15 Jan 2026 10:00:00 GMT', 250],
    ['negative', '-1', 250],
    ['not a number', 'nan', 250],
    ['infinite', 'inf', 250],
    ['with a fraction', '1.5', 250],
    ['in hexadecimal', '0x10', 250],
    ['empty', '', 250],
    ['twice', ['1', '2'], 250],
    ['in words', 'tomorrow', 250],
  ])('a 429 is waited for: Retry-After %s', async (_, value, waitMs) => {
    const { attempt, simulator } = scene();
    const headers = value === undefined ? {} : { 'Retry-After': value };
    simulator.faults.add({ operation: 'guest', status: 429, headers });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'admitted', retries: 1, statusCodes: [429, 201], latencyMs: waitMs });
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
  });

  test("a date counts from the answer's own clock, so ours may be wrong", async () => {
    const { attempt, simulator, clock } = scene();
    clock.step(-3_600_000);
    const headers = { 'Retry-After': 'Thu, 15 Jan 2026 09:30:04 GMT', Date: 'Thu, 15 Jan 2026 09:30:00 GMT' };
    simulator.faults.add({ operation: 'guest', status: 429, headers });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', latencyMs: 4000 });
  });

  test.each([['86400'], ['99999999999999999999'], ['Fri, 15 Jan 2027 10:30:00 GMT']])(
    'a wait that does not fit before the deadline is not begun: Retry-After %s',
    async (value) => {
      const { attempt, simulator } = scene();
      simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': value } });
      const ended = await attempt();
      expect(ended).toMatchObject({
        outcome: 'failed',
        durationMs: 0,
        error: { code: 'rate_limited', retryable: true, retryAfterMs: 3_600_000 },
      });
      expect(simulator.stats()).toMatchObject({ guestRequests: 1 });
    },
  );

  test.each([429, 503, 408, 425])('%d is repeated three times with growing waits, and then told', async (status) => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status, times: 'always' });
    const ended = await attempt();
    expect(ended).toMatchObject({
      outcome: 'failed',
      retries: 3,
      statusCodes: statuses(4, status),
      latencyMs: 250 + 500 + 1000,
    });
    expect(simulator.stats()).toMatchObject({ guestRequests: 4, guestsCreated: 0 });
  });

  test('how often and how patiently is configuration', async () => {
    const retry = { retries: 1, baseDelayMs: 2000, maxDelayMs: 1000 };
    const { attempt, simulator } = scene({ guestpass: { retry } });
    simulator.faults.add({ operation: 'guest', status: 503, times: 'always' });
    expect(await attempt()).toMatchObject({ outcome: 'failed', retries: 1, latencyMs: 500 });
  });

  test('a refused connection is tried again, for the token and for the guest', async () => {
    const { attempt, simulator } = scene({ between: refusingFirst(2) });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 2 });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestRequests: 1 });
  });

  test('our own pace keeps within what the platform grants', async () => {
    const { guestpass, simulator, clock } = scene({
      guestpass: { requestsPerMinute: 60, deadlineMs: 60_000 },
      simulator: { requestsPerMinute: 60 },
    });
    const attempts = Array.from({ length: 40 }, () => guestpass.attempt(tutorialPayload));
    const ended = await clock.settle(Promise.all(attempts));
    expect(ended.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(40);
    expect(simulator.stats().rejectedByStatus).toEqual({});
    // Ten go at once, one each second after.
    expect(clock.monotonic()).toBe(30_000);
  });
});

describe('the access token', () => {
  test('1,000 callers without a token make one token request', async () => {
    const { guestpass, simulator, clock } = scene();
    const attempts = Array.from({ length: 1000 }, () => guestpass.attempt(tutorialPayload));
    const ended = await clock.settle(Promise.all(attempts));
    expect(new Set(ended.map(({ outcome }) => outcome))).toEqual(new Set(['admitted']));
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 1000 });
  });

  test('one that the platform revoked is replaced by one new one, and the call repeated once', async () => {
    const { attempt, simulator } = scene();
    await attempt();
    simulator.faults.add({ operation: 'guest', status: 401 });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'admitted', retries: 1, statusCodes: [401, 201] });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, guestsCreated: 2 });
  });

  test('one that expired on the platform alone is replaced too', async () => {
    const { attempt, simulator, clock } = scene({ simulator: { tokenLifetimeSeconds: 600 } });
    simulator.faults.add({ operation: 'token', body: { merge: { expires_in: 86_400 } } });
    await attempt();
    await clock.advance(601_000);
    expect(await attempt()).toMatchObject({ outcome: 'admitted', statusCodes: [401, 201] });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, rejectedByStatus: { 401: 1 } });
  });

  test('a platform that refuses the new one too is asked no more', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status: 401, times: 'always' });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'unauthorized' }, statusCodes: [401, 401] });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, guestRequests: 2 });
  });

  test('100 refusals of one token make one new one', async () => {
    const { attempt, guestpass, simulator, clock } = scene();
    await attempt();
    simulator.faults.add({ operation: 'guest', status: 401, times: 100 });
    const attempts = Array.from({ length: 100 }, () => guestpass.attempt(tutorialPayload));
    const ended = await clock.settle(Promise.all(attempts));
    expect(ended.every(({ outcome }) => outcome === 'admitted')).toBe(true);
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, guestsCreated: 101 });
  });

  test("the token endpoint's own rate limit, a 400, is retried", async () => {
    const { attempt, simulator } = scene();
    const body = { json: { error: 'invalid_request', description: 'rate limit exceeded' } };
    simulator.faults.add({ operation: 'token', status: 400, times: 2, body });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 2, stages: { token: 250 + 500 } });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 3 });
  });

  test.each([[503], [429]])('a token endpoint that answers %d is asked again', async (status) => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'token', status });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 1 });
  });

  test.each([
    ['a client it does not know', { clientId: 'nobody' }, 400],
    ['a wrong secret', { clientSecret: 'wrong' }, 401],
    ['a scope it does not grant', { scope: 'admin' }, 400],
  ])('%s is refused once and never asked again', async (_, options, status) => {
    const { attempt, simulator } = scene({ guestpass: options });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'failed', stage: 'token', error: { code: 'credentials_rejected', status } });
    expect(ended).toMatchObject({ retries: 0, correlationId: simulator.requests.at(-1)?.correlationId });
    await attempt();
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestRequests: 0 });
  });

  test('it is renewed before it expires, while guests go on', async () => {
    const { attempt, simulator, clock } = scene({ simulator: { tokenLifetimeSeconds: 3600 } });
    await attempt();
    await clock.advance(3_300_000);
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'admitted', stages: { token: 0 }, statusCodes: [201] });
    await clock.advance(0);
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, rejectedByStatus: {} });
  });
});

describe('deadline and abort', () => {
  test('a deadline that passes before the guest is asked for is a failure, and nothing was sent', async () => {
    const { attempt, simulator, clock } = scene();
    simulator.faults.add({ operation: 'token', stall: true });
    const ended = await attempt(tutorialPayload, { deadlineMs: 700 });
    expect(ended).toMatchObject({ outcome: 'failed', stage: 'token', error: { code: 'deadline_exceeded' } });
    expect(ended.durationMs).toBe(700);
    expect(clock.monotonic()).toBe(700);
    expect(simulator.stats()).toMatchObject({ guestRequests: 0 });
  });

  test('a deadline that passes after the guest was asked for leaves the outcome open', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', delayMs: 5000 });
    const ended = await attempt(tutorialPayload, { deadlineMs: 700 });
    expect(ended).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' }, durationMs: 700 });
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 1 });
  });

  test('the deadline covers token, waits and repeats together', async () => {
    const { attempt, simulator } = scene({ guestpass: { deadlineMs: 3000 } });
    simulator.faults.add({ operation: 'token', delayMs: 1000 });
    simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '1' }, times: 'always' });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'rate_limited' }, statusCodes: [429, 429] });
    expect(ended.durationMs).toBe(2000);
  });

  test('who aborts before anything was sent has sent nothing', async () => {
    const { attempt, simulator } = scene();
    const ended = await attempt(tutorialPayload, { signal: AbortSignal.abort() });
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'aborted' } });
    expect(simulator.requests).toEqual([]);
  });

  test('who aborts while waiting to repeat stops at once, and no guest was created', async () => {
    const { guestpass, simulator, clock, close } = scene();
    const caller = new AbortController();
    simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '5' } });
    const attempting = guestpass.attempt(tutorialPayload, { signal: caller.signal });
    await clock.advance(1000);
    caller.abort();
    const ended = await attempting;
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'aborted' }, durationMs: 1000 });
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 0 });
    await close();
    expect(clock.pending).toBe(0);
  });

  test('who aborts while the platform works leaves the outcome open', async () => {
    const { guestpass, simulator, clock } = scene();
    const caller = new AbortController();
    simulator.faults.add({ operation: 'guest', delayMs: 5000 });
    const attempting = guestpass.attempt(tutorialPayload, { signal: caller.signal });
    await clock.advance(1000);
    caller.abort();
    const ended = await clock.settle(attempting);
    expect(ended).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' } });
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 1 });
  });

  test('who aborts leaves the shared token request to the others', async () => {
    const { guestpass, simulator, clock } = scene();
    const caller = new AbortController();
    simulator.faults.add({ operation: 'token', delayMs: 500 });
    const gone = guestpass.attempt(tutorialPayload, { signal: caller.signal });
    const stays = guestpass.attempt(tutorialPayload);
    await clock.advance(100);
    caller.abort();
    expect(await gone).toMatchObject({ outcome: 'failed', stage: 'token', error: { code: 'aborted' } });
    expect(await clock.settle(stays)).toMatchObject({ outcome: 'admitted' });
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 1 });
  });
});

describe('idempotency keys', () => {
  const idempotencyKey = 'visit-0123456789';

  test('the same key and payload make one guest, at the same time or later', async () => {
    const { guestpass, attempt, simulator, clock } = scene();
    const both = [0, 1].map(() => guestpass.attempt(tutorialPayload, { idempotencyKey }));
    const [first, second] = await clock.settle(Promise.all(both));
    const later = await attempt(tutorialPayload, { idempotencyKey });
    expect(second).toBe(first);
    expect(later).toBe(first);
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 1 });
    expect(simulator.requests.at(-1)).toMatchObject({ idempotencyKey });
  });

  test('the same key with another payload is refused', async () => {
    const { attempt } = scene();
    await attempt(tutorialPayload, { idempotencyKey });
    const other = await attempt({ ...tutorialPayload, channelId: 'demo' }, { idempotencyKey });
    expect(other).toMatchObject({
      outcome: 'refused',
      channelId: 'demo',
      error: { code: 'idempotency_key_reused' },
    });
  });

  test('a key whose attempt created nothing may be tried again; one whose outcome is unknown may not', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status: 403 });
    expect((await attempt(tutorialPayload, { idempotencyKey })).outcome).toBe('failed');
    simulator.faults.add({ operation: 'guest', reset: 'after' });
    const unknown = await attempt(tutorialPayload, { idempotencyKey });
    expect(unknown.outcome).toBe('unknown');
    expect(await attempt(tutorialPayload, { idempotencyKey })).toBe(unknown);
    expect(simulator.stats()).toMatchObject({ guestRequests: 2, guestsCreated: 1 });
  });
});

describe('bounds and options', () => {
  test('more attempts at once than allowed fail at once, and those under way are not harmed', async () => {
    const { guestpass, simulator, clock } = scene({ guestpass: { maxPending: 2 } });
    simulator.faults.add({ operation: 'guest', delayMs: 1000, times: 2 });
    const running = [guestpass.attempt(tutorialPayload), guestpass.attempt(tutorialPayload)];
    const third = await guestpass.attempt(tutorialPayload);
    expect(third).toMatchObject({ outcome: 'failed', error: { code: 'overloaded', retryable: true }, durationMs: 0 });
    const ended = await clock.settle(Promise.all(running));
    expect(ended.map(({ outcome }) => outcome)).toEqual(['admitted', 'admitted']);
    expect((await clock.settle(guestpass.attempt(tutorialPayload))).outcome).toBe('admitted');
  });

  test('options that cannot work are refused at once, all of them together', () => {
    const make = () =>
      createGuestpass({
        environment: 'http://127.0.0.1:4010',
        clientId: '',
        clientSecret: '',
        deadlineMs: 0,
        policy: { captcha: { threshold: 2 } },
      });
    expect(make).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        faults: [
          { pointer: '/clientId', detail: 'must not be empty' },
          { pointer: '/clientSecret', detail: 'must not be empty' },
          { pointer: '/deadlineMs', detail: 'must be more than 0 and a day at most, in milliseconds' },
          { pointer: '/policy/captcha/threshold', detail: 'must be from 0 to 1' },
        ],
      }),
    );
  });

  test.each([
    ['a deadline that is no number', { deadlineMs: Number.NaN }, '/deadlineMs'],
    ['a deadline beyond a day', { deadlineMs: 1e12 }, '/deadlineMs'],
    ['less than no repeat', { retry: { retries: -1 } }, '/retry/retries'],
    ['repeats that are no number', { retry: { retries: Number.NaN } }, '/retry/retries'],
    ['an endless backoff', { retry: { maxDelayMs: Number.POSITIVE_INFINITY } }, '/retry/maxDelayMs'],
    ['a proxy that is no address', { proxy: 'user:secret@127.0.0.1' }, '/proxy'],
    ['a proxy of another kind', { proxy: 'socks5://127.0.0.1:1080' }, '/proxy'],
    ['no connection', { connections: 0 }, '/connections'],
    ['half a connection', { connections: 1.5 }, '/connections'],
    ['more connections than there are ports', { connections: 1e12 }, '/connections'],
    ['attempts that are no number', { maxPending: Number.NaN }, '/maxPending'],
    ['no attempt at all', { maxPending: 0 }, '/maxPending'],
  ])('%s is no option', (_name, options, pointer) => {
    const client = { environment: 'http://127.0.0.1:4010', clientId: 'id', clientSecret: 'secret' };
    expect(() => createGuestpass({ ...client, ...options })).toThrow(
      expect.objectContaining({ code: 'config_invalid', faults: [expect.objectContaining({ pointer })] }),
    );
  });

  test.each([0, -1, Number.NaN, 1e12])(
    'a call with a deadline of %d ms is refused, and nothing is asked',
    async (deadlineMs) => {
      const { guestpass, simulator } = scene();
      const attempt = guestpass.attempt(tutorialPayload, { deadlineMs });
      await expect(attempt).rejects.toMatchObject({ code: 'config_invalid', faults: [{ pointer: '/deadlineMs' }] });
      expect(simulator.requests).toEqual([]);
    },
  );

  test('two clients share nothing', async () => {
    const one = scene();
    const other = scene();
    await one.attempt();
    expect(one.guestpass.stats().admitted).toBe(1);
    expect(other.guestpass.stats().admitted).toBe(0);
    expect(other.simulator.requests).toEqual([]);
  });
});

test('a port where nobody listens is told as such', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  server.close();
  await once(server, 'close');
  await using guestpass = createGuestpass({
    environment: `http://127.0.0.1:${port}`,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    retry: { baseDelayMs: 1 },
  });
  const ended = await guestpass.attempt(tutorialPayload);
  expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'platform_unavailable' } });
});
