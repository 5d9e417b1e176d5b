import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { createSimulator } from '@guestpass/simulator';
import { type AuditSink, GuestpassError, isGuestpassError } from 'guestpass';
import { jsonlAuditLog, memoryChain, readAuditLines, verifyAuditLog } from 'guestpass/audit';
import { type Exchange, exchangeChannel, fetchExchange } from 'guestpass/http';
import { describe, expect, test } from 'vitest';
import { type Scene, scene, tutorialPayload } from './scene.ts';

// What is kept and told of a guest: audit records, notices, statistics; and what must never be told.

/** One guest of each outcome. */
const everyOutcome = async ({ attempt, simulator }: Pick<Scene, 'attempt' | 'simulator'>) => {
  const admitted = await attempt();
  const refused = await attempt({ ...tutorialPayload, consent: { ...tutorialPayload.consent, accepted: false } });
  simulator.faults.add({ operation: 'guest', status: 403 });
  const failed = await attempt();
  simulator.faults.add({ operation: 'guest', reset: 'after' });
  const unknown = await attempt();
  return [admitted, refused, failed, unknown] as const;
};

/** A directory that is gone afterwards. */
const directory = async () => {
  const path = await mkdtemp(join(tmpdir(), 'guestpass-records-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
};

/** A sink that fails for the records `isBad` picks. */
const failingSink = (isBad: (eventType: string) => boolean): AuditSink => {
  const chain = memoryChain();
  return {
    record(event) {
      if (isBad(event.eventType)) return Promise.reject(new Error('ENOSPC'));
      return chain.record(event);
    },
    [Symbol.asyncDispose]: () => chain[Symbol.asyncDispose](),
  };
};

describe('audit records', () => {
  test('the admitted event has the eight fields of the tutorial, and ours', async () => {
    const { attempt, simulator, records, close } = scene();
    simulator.faults.add({ operation: 'guest', delayMs: 120.5 });
    const admitted = await attempt();
    await close();
    if (admitted.outcome !== 'admitted') throw new Error('The guest should be in.');
    expect(records[1]).toEqual({
      eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
      guestId: admitted.guestPass.guestId,
      channelId: 'your-channel-id',
      consentTimestamp: '2024-01-15T10:30:00Z',
      captchaProvider: 'recaptcha',
      latencyMs: 120.5,
      successRate: 100,
      timestamp: '2026-01-15T10:30:00.120Z',
      attemptId: admitted.id,
      outcome: 'admitted',
      code: null,
      retries: 0,
      stages: { payload: 0, audit: 0, consent: 0, channel: 0, captcha: 0, token: 0, guest: 120.5 },
      correlationId: admitted.correlationId,
      captcha: { verified: false, score: 0.9 },
      sequence: 2,
      previousHash: records[0]?.hash,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test('each attempt leaves its intent before its outcome; a payload nobody could read leaves the outcome alone', async () => {
    const { attempt, simulator, records, close } = scene();
    const ended = await everyOutcome({ attempt, simulator });
    const broken = await attempt({ channelId: 'web' });
    await close();
    expect(records.map(({ eventType, attemptId }) => [eventType, attemptId])).toEqual([
      ...ended.flatMap(({ id, outcome }) => [
        ['WEBMESSAGING_GUEST_REQUESTED', id],
        [
          outcome === 'admitted' ? 'WEBMESSAGING_GUEST_AUTHENTICATED' : `WEBMESSAGING_GUEST_${outcome.toUpperCase()}`,
          id,
        ],
      ]),
      ['WEBMESSAGING_GUEST_REFUSED', broken.id],
    ]);
    const outcomes = records.filter((record) => 'outcome' in record);
    expect(outcomes.map(({ code, successRate }) => [code, successRate])).toEqual([
      [null, 100],
      ['consent_required', 100],
      ['forbidden', 50],
      ['outcome_unknown', 33.33],
      ['payload_invalid', 33.33],
    ]);
  });

  test('the intent stands before anything is sent', async () => {
    const { attempt, simulator } = scene({
      guestpass: {
        audit: {
          async record(event) {
            if (event.eventType === 'WEBMESSAGING_GUEST_REQUESTED') expect(simulator.requests).toEqual([]);
            else expect(simulator.requests).toHaveLength(2);
            return memoryChain().record(event);
          },
          async [Symbol.asyncDispose]() {},
        },
      },
    });
    expect((await attempt()).outcome).toBe('admitted');
  });

  test('a file of them verifies, is one line an event, and shows what was changed', async () => {
    await using files = await directory();
    const path = join(files.path, 'audit.jsonl');
    const audit = await jsonlAuditLog(path);
    const { guestpass, simulator } = scene({ guestpass: { audit } });
    // The disk does not wait for the clock of the scene, so the clock is not asked to jump.
    const attempt = guestpass.attempt;
    await everyOutcome({ attempt: (payload = tutorialPayload) => attempt(payload), simulator });
    const { head } = audit;
    await audit[Symbol.asyncDispose]();
    expect(await verifyAuditLog(readAuditLines(path), { expectedHead: head })).toMatchObject({ ok: true, records: 8 });

    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    const forged = lines.with(5, (lines[5] ?? '').replace('"outcome":"failed"', '"outcome":"admitted"'));
    expect(await verifyAuditLog(forged)).toMatchObject({ ok: false, kind: 'edited', line: 6 });
    expect(await verifyAuditLog(lines.toSpliced(2, 2))).toMatchObject({ ok: false, kind: 'missing', sequence: 3 });
    const cut = await verifyAuditLog(lines.slice(0, 6), { expectedHead: head });
    expect(cut).toMatchObject({ ok: false, kind: 'truncated' });
  });
});

describe('when the audit cannot be kept', () => {
  test('without a record of the intent nothing is sent', async () => {
    const audit = failingSink((type) => type === 'WEBMESSAGING_GUEST_REQUESTED');
    const { attempt, simulator, records, close } = scene({ guestpass: { audit } });
    const ended = await attempt();
    expect(ended).toMatchObject({
      outcome: 'failed',
      stage: 'audit',
      error: { code: 'storage_unavailable', retryable: true },
      channelId: 'your-channel-id',
    });
    await close();
    expect(simulator.requests).toEqual([]);
    expect(records).toMatchObject([{ eventType: 'WEBMESSAGING_GUEST_FAILED', code: 'storage_unavailable' }]);
  });

  test('without a record of the outcome the guest stays in, and the operator is told', async () => {
    const audit = failingSink((type) => type === 'WEBMESSAGING_GUEST_AUTHENTICATED');
    const { attempt, simulator, notices, problems, close } = scene({ guestpass: { audit } });
    const ended = await attempt();
    await close();
    expect(ended.outcome).toBe('admitted');
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
    expect(problems).toMatchObject([{ code: 'storage_unavailable' }]);
    expect(notices).toMatchObject([{ type: 'guest.authenticated', data: { sequence: null } }]);
  });

  test('a malfunction on the way is thrown, and its attempt stands on record as unknown', async () => {
    const broken = new TypeError('broken');
    const { attempt, guestpass, records, close } = scene({ guestpass: { exchange: () => Promise.reject(broken) } });
    await expect(attempt()).rejects.toBe(broken);
    await close();
    expect(records).toMatchObject([
      { eventType: 'WEBMESSAGING_GUEST_REQUESTED' },
      { eventType: 'WEBMESSAGING_GUEST_UNKNOWN', code: 'outcome_unknown', channelId: 'your-channel-id' },
    ]);
    expect(guestpass.stats()).toMatchObject({ unknown: 1 });
  });

  test('after a malfunction its key makes no second guest: whoever repeats it gets the open outcome', async () => {
    const broken = new TypeError('broken');
    await using simulator = createSimulator({ seed: 1 });
    const toPlatform = fetchExchange(simulator.fetch);
    const exchange: Exchange = async (request) => {
      const response = await toPlatform(request);
      if (request.url.endsWith('/guests')) throw broken;
      return response;
    };
    const { guestpass, attempt, close } = scene({ guestpass: { exchange } });
    const visit = { idempotencyKey: 'visit-0123456789' };
    const [first, joined] = await Promise.allSettled([
      guestpass.attempt(tutorialPayload, visit),
      guestpass.attempt(tutorialPayload, visit),
    ]);
    expect(first).toEqual({ status: 'rejected', reason: broken });
    expect(joined).toMatchObject({ value: { outcome: 'unknown', error: { code: 'outcome_unknown' } } });
    const again = await attempt(tutorialPayload, visit);
    expect(again).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown', retryable: false } });
    await expect(guestpass.authenticate(tutorialPayload, visit)).rejects.toMatchObject({ code: 'outcome_unknown' });
    await close();
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
    expect(guestpass.stats()).toMatchObject({ unknown: 1 });
  });

  test('a sink with its own error is told with that error', async () => {
    const full = new GuestpassError('storage_unavailable', 'The disk is full.');
    const audit: AuditSink = {
      record: () => Promise.reject(full),
      async [Symbol.asyncDispose]() {},
    };
    const { attempt, problems, close } = scene({ guestpass: { audit } });
    expect(await attempt()).toMatchObject({ outcome: 'failed', error: full });
    await close();
    expect(problems).toEqual([full]);
  });

  test('nothing is sent while the sink has not kept the intent, nor afterwards when the deadline has passed', async () => {
    const kept = Promise.withResolvers<void>();
    const chain = memoryChain();
    const audit: AuditSink = {
      record: async (event) => {
        await kept.promise;
        return chain.record(event);
      },
      async [Symbol.asyncDispose]() {},
    };
    const { guestpass, simulator, clock } = scene({ guestpass: { audit } });
    const attempting = guestpass.attempt(tutorialPayload, { deadlineMs: 1000 });
    await clock.advance(5000);
    expect(simulator.requests).toEqual([]);
    kept.resolve();
    expect(await clock.settle(attempting)).toMatchObject({ outcome: 'failed', error: { code: 'deadline_exceeded' } });
    expect(simulator.requests).toEqual([]);
  });
});

describe('callbacks', () => {
  const thrower = () => {
    throw new Error('callback');
  };
  const rejecter = () => Promise.reject(new Error('callback'));

  test('one that throws or rejects changes nothing for the guest, and the operator is told', async () => {
    const { attempt, problems, close } = scene({ guestpass: { onAudit: thrower, onGuest: rejecter } });
    expect((await attempt()).outcome).toBe('admitted');
    await close();
    expect(problems).toEqual([new Error('callback'), new Error('callback'), new Error('callback')]);
  });

  test('an operator who throws as well harms nobody', async () => {
    const callbacks = { onAudit: rejecter, onGuest: thrower, onProblem: thrower };
    const { attempt, close } = scene({ guestpass: callbacks });
    expect((await attempt()).outcome).toBe('admitted');
    await close();
  });

  test('one that hangs does not hold the guest', async () => {
    const { attempt, guestpass, clock } = scene({ guestpass: { onGuest: () => new Promise(() => {}) } });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', durationMs: 0 });
    expect(await attempt()).toMatchObject({ outcome: 'admitted' });
    let closed = false;
    void guestpass.close().then(() => {
      closed = true;
    });
    await clock.advance(60_000);
    expect(closed).toBe(false);
  });

  test('they are called after the guest has the answer, each once, in order', async () => {
    const told: string[] = [];
    const { guestpass, clock } = scene({
      guestpass: {
        onAudit: ({ eventType }) => void told.push(eventType),
        onGuest: ({ type }) => void told.push(type),
      },
    });
    await guestpass.attempt(tutorialPayload);
    expect(told).toEqual([]);
    await clock.settle(guestpass.close());
    expect(told).toEqual(['WEBMESSAGING_GUEST_REQUESTED', 'WEBMESSAGING_GUEST_AUTHENTICATED', 'guest.authenticated']);
  });

  test('the notice names guest, channel and consent, for each outcome', async () => {
    const { attempt, simulator, notices, records, close } = scene();
    const [admitted, refused, failed, unknown] = await everyOutcome({ attempt, simulator });
    await close();
    if (admitted.outcome !== 'admitted') throw new Error('The guest should be in.');
    expect(notices[0]).toEqual({
      type: 'guest.authenticated',
      timestamp: '2026-01-15T10:30:00.000Z',
      data: {
        attemptId: admitted.id,
        sequence: 2,
        guestId: admitted.guestPass.guestId,
        channelId: 'your-channel-id',
        consentTimestamp: '2024-01-15T10:30:00Z',
        code: null,
        correlationId: admitted.correlationId,
      },
    });
    expect(notices.slice(1).map(({ type, data }) => [type, data.attemptId, data.code])).toEqual([
      ['guest.refused', refused.id, 'consent_required'],
      ['guest.failed', failed.id, 'forbidden'],
      ['guest.unknown', unknown.id, 'outcome_unknown'],
    ]);
    const outcomes = records.filter(({ eventType }) => eventType !== 'WEBMESSAGING_GUEST_REQUESTED');
    expect(notices.map(({ data }) => data.sequence)).toEqual(outcomes.map(({ sequence }) => sequence));
  });
});

describe('closing', () => {
  test('waits for attempts under way and for callbacks, and then leaves nothing open', async () => {
    const ended: string[] = [];
    const { guestpass, simulator, clock } = scene({
      guestpass: {
        onGuest: async () => {
          await new Promise<void>((resolve) => void clock.after(5000, resolve));
          ended.push('callback');
        },
      },
    });
    simulator.faults.add({ operation: 'guest', delayMs: 3000 });
    const attempting = guestpass.attempt(tutorialPayload).then(({ outcome }) => ended.push(outcome));
    const closing = guestpass.close().then(() => ended.push('closed'));
    await clock.settle(closing);
    await attempting;
    expect(ended).toEqual(['admitted', 'callback', 'closed']);
    expect(clock.monotonic()).toBe(8000);
    expect(clock.pending).toBe(0);
  });

  test('lets nobody in who comes afterwards, not even while it waits for others', async () => {
    const { guestpass, simulator, clock, records } = scene();
    simulator.faults.add({ operation: 'guest', delayMs: 3000 });
    const early = guestpass.attempt(tutorialPayload);
    const closing = guestpass.close();
    const late = guestpass.attempt(tutorialPayload);
    const closed = { outcome: 'failed', error: { code: 'aborted', retryable: false } };
    expect(await clock.settle(late)).toMatchObject(closed);
    expect(await clock.settle(early)).toMatchObject({ outcome: 'admitted' });
    await clock.settle(closing);
    expect(await clock.settle(guestpass.attempt(tutorialPayload))).toMatchObject(closed);
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestRequests: 1 });
    await clock.advance(0);
    const failures = records.filter(({ eventType }) => eventType === 'WEBMESSAGING_GUEST_FAILED');
    expect(failures).toMatchObject([{ code: 'aborted' }, { code: 'aborted' }]);
    expect(clock.pending).toBe(0);
  });

  test('gives up a token that is being renewed in the background', async () => {
    const { attempt, simulator, clock, close } = scene({ simulator: { tokenLifetimeSeconds: 3600 } });
    await attempt();
    await clock.advance(3_300_000);
    simulator.faults.add({ operation: 'token', stall: true });
    await attempt();
    const before = clock.monotonic();
    await close();
    expect(clock.monotonic()).toBe(before);
    expect(clock.pending).toBe(0);
  });

  test('may be asked for again, and by `await using`', async () => {
    const { guestpass, clock, attempt } = scene();
    await attempt();
    await clock.settle(guestpass.close());
    await clock.settle(guestpass[Symbol.asyncDispose]());
    expect(clock.pending).toBe(0);
  });
});

describe('statistics', () => {
  test('count every outcome, and the rate leaves the refused out', async () => {
    const { attempt, simulator, guestpass } = scene();
    expect(guestpass.stats()).toEqual({
      admitted: 0,
      refused: 0,
      failed: 0,
      unknown: 0,
      successRate: 0,
      latencyMs: { p50: 0, p95: 0, p99: 0, max: 0, mean: 0 },
    });
    await everyOutcome({ attempt, simulator });
    simulator.faults.add({ operation: 'token', status: 503, times: 4 });
    expect(guestpass.stats()).toMatchObject({ admitted: 1, refused: 1, failed: 1, unknown: 1, successRate: 33.33 });
  });

  test('latencies are those of the platform alone, in percentiles', async () => {
    const { attempt, simulator, guestpass } = scene();
    for (let delayMs = 10; delayMs <= 1000; delayMs += 10) {
      simulator.faults.add({ operation: 'guest', delayMs });
      await attempt();
    }
    const { p50, p95, p99, max, mean } = guestpass.stats().latencyMs;
    expect(p50).toBeCloseTo(500, -1);
    expect(p95).toBeCloseTo(950, -1);
    expect(p99).toBeCloseTo(990, -1);
    expect(max).toBeCloseTo(1000, -1);
    expect(mean).toBeCloseTo(505, -1);
  });
});

describe('secrets', () => {
  test('session token, access token, client secret and captcha answer stand in nothing that is told or kept', async () => {
    await using files = await directory();
    const path = join(files.path, 'audit.jsonl');
    const audit = await jsonlAuditLog(path);
    const seen: string[] = [];
    const published: unknown[] = [];
    const publish = (message: unknown) => void published.push(message);
    subscribe(exchangeChannel, publish);
    const stage = scene({
      guestpass: { audit, clientSecret: 'sim-secret' },
      between: (fetch) => async (request) => {
        const response = await fetch(request);
        // Nothing but the secrets of the answers is taken from here.
        const text = await response
          .clone()
          .text()
          .catch(() => '');
        seen.push(
          ...[...text.matchAll(/"(?:access_token|sessionToken)":"([^"]+)"/g)].map(([, secret]) => secret ?? ''),
        );
        return response;
      },
    });
    const { guestpass, simulator, records, notices, problems } = stage;
    const attempt = (payload: unknown = tutorialPayload) => guestpass.attempt(payload);
    const ended: unknown[] = [...(await everyOutcome({ simulator, attempt }))];
    // An echo of everything that was sent, in every place an answer has.
    simulator.faults.add({ operation: 'guest', status: 401 });
    const echo = JSON.stringify({
      message: 'sim-secret 03AGdBq25...',
      code: '03AGdBq25...',
      details: [{ fieldName: 'sim-secret' }],
    });
    simulator.faults.add({ operation: 'guest', status: 400, body: { text: echo } });
    simulator.faults.add({ operation: 'token', body: { merge: { scope: 'sim-secret' } } });
    ended.push(await attempt());
    const errors = await Promise.all(
      [403, 500].map((status) => {
        simulator.faults.add({ operation: 'guest', status });
        return guestpass.authenticate(tutorialPayload).catch((error: unknown) => error);
      }),
    );
    unsubscribe(exchangeChannel, publish);
    await stage.close();
    await audit[Symbol.asyncDispose]();

    const secrets = [...seen, 'sim-secret', '03AGdBq25', Buffer.from('sim-client:sim-secret').toString('base64')];
    expect(new Set(seen).size).toBe(3);
    expect(errors.every(isGuestpassError)).toBe(true);
    expect(published.length).toBeGreaterThan(5);
    expect(records.length).toBeGreaterThan(0);
    const withoutPasses = ended.map((attempted) => ({ ...Object(attempted), guestPass: undefined }));
    const told = [records, notices, problems, errors, withoutPasses, published, simulator.requests, guestpass.stats()];
    const everything = [
      inspect(told, { depth: 12, showHidden: true }),
      JSON.stringify(told),
      ...errors.map((error) => String(error instanceof Error ? error.stack : error)),
      await readFile(path, 'utf8'),
    ].join('\n');
    const leaked = secrets.filter((secret) => everything.includes(secret));
    expect(leaked).toEqual([]);
  });

  test('the answer of a token endpoint that echoes the secret is not passed on', async () => {
    const { attempt, simulator, records, close } = scene();
    const body = { json: { error: 'sim-secret', error_description: 'sim-secret', message: 'Basic sim-secret' } };
    simulator.faults.add({ operation: 'token', status: 400, body });
    const ended = await attempt();
    await close();
    expect(ended.outcome).toBe('failed');
    expect(inspect([ended, records], { depth: 12 })).not.toContain('sim-secret');
  });

  test('a fetch that fails with the request in its error is not quoted', async () => {
    const { attempt, records, close } = scene({
      guestpass: {
        exchange: fetchExchange(async (request) => {
          throw new Error(`could not send ${request.headers.get('authorization')}`);
        }),
      },
    });
    const ended = await attempt();
    await close();
    if (ended.outcome === 'admitted') throw new Error('Nobody was asked.');
    const secret = Buffer.from('sim-client:sim-secret').toString('base64');
    expect(JSON.stringify([ended, records]) + ended.error.message).not.toContain(secret);
  });
});
