import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createSimulator } from '@guestpass/simulator';
import { createGuestpass, type GuestpassOptions, resolveEnvironment, sleep } from 'guestpass';
import { jsonlAuditLog } from 'guestpass/audit';
import { fetchExchange } from 'guestpass/http';
import { createStatistics } from 'guestpass/pipeline';
import { describe, expect, test } from 'vitest';
import { proxyTo } from './forward-proxy.ts';
import { relayTo } from './relay.ts';
import { type SceneOptions, scene, tutorialPayload } from './scene.ts';

// What goes wrong in the tutorial's program, shown not to go wrong here.

const { channelId, consent, captcha } = tutorialPayload;
const consented = (timestamp: string) => ({ ...tutorialPayload, consent: { accepted: true, timestamp } });

const socketClient = (environment: string, options: Partial<GuestpassOptions> = {}) =>
  createGuestpass({
    environment,
    clientId: 'sim-client',
    clientSecret: 'sim-secret',
    requestsPerMinute: Number.POSITIVE_INFINITY,
    retry: { baseDelayMs: 1 },
    ...options,
  });

const simulated = () => createSimulator({ seed: 1, requestsPerMinute: 1_000_000, tokenRequestsPerMinute: 1_000_000 });

const command = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
  const bin = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');
  const child = spawn(process.execPath, [bin, ...args], { cwd: tmpdir(), env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { out, err, code };
};

/** What a refused payload meets: its code, and nothing sent. */
const refusalOf = async (payload: unknown, policy: NonNullable<GuestpassOptions['policy']> = {}) => {
  const { attempt, simulator } = scene({ guestpass: { policy } });
  const ended = await attempt(payload);
  expect(simulator.requests).toEqual([]);
  return ended.outcome === 'refused' ? ended.error.code : ended.outcome;
};

/** Takes `expires_in` out of every token answer. */
const withoutExpiry: NonNullable<SceneOptions['between']> = (fetch) => async (request) => {
  const response = await fetch(request);
  if (!request.url.endsWith('/oauth/token')) return response;
  const { expires_in: _, ...token } = Object(await response.json());
  return Response.json(token);
};

describe('the environment', () => {
  test('a full host name is not doubled', () => {
    expect(resolveEnvironment('usw2.mygenesys.com').loginUrl).toBe('https://usw2.mygenesys.com');
  });

  test('empty credentials are refused before anything is sent, and the command ends with an exit code', async () => {
    const make = () => createGuestpass({ environment: 'usw2', clientId: '', clientSecret: '' });
    expect(make).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    const empty = { GENESYS_ENV: 'usw2.mygenesys.com', GENESYS_CLIENT_ID: '', GENESYS_CLIENT_SECRET: '' };
    const { code, err } = await command(['authenticate', '--channel', 'demo', '--consent'], empty);
    expect(code).toBe(2);
    expect(err).toContain('GUESTPASS_CLIENT_ID  is not set, nor is GENESYS_CLIENT_ID');
  });

  test('a proxy serves token and guest alike, and a variable nobody gave us serves neither', async () => {
    await using simulator = simulated();
    const { url, port } = await simulator.listen();
    await using proxy = await proxyTo(port);
    // Nobody listens on port 1: what did not go through the proxy would fail.
    await using guestpass = socketClient('http://127.0.0.1:1', { proxy: proxy.url });
    expect((await guestpass.attempt(tutorialPayload)).outcome).toBe('admitted');
    const both = ['/oauth/token', '/api/v2/conversations/webmessaging/guests'];
    expect(proxy.asked).toEqual(both.map((path) => `http://127.0.0.1:1${path}`));

    const env = {
      GUESTPASS_TARGET: 'simulator',
      GUESTPASS_ENVIRONMENT: url,
      HTTP_PROXY: proxy.url,
      http_proxy: proxy.url,
    };
    expect((await command(['authenticate', '--channel', 'demo', '--consent'], env)).code).toBe(0);
    expect(proxy.asked).toHaveLength(2);
  });
});

describe('the payload', () => {
  test('a guest who did not accept is not let in', async () => {
    expect(await refusalOf({ ...tutorialPayload, consent: { ...consent, accepted: false } })).toBe('consent_required');
  });

  test('leaving out the captcha or its score does not pass a required captcha', async () => {
    const policy = { captcha: { mode: 'required' } } as const;
    expect(await refusalOf({ channelId, consent }, policy)).toBe('captcha_required');
    const { score: _, ...unscored } = captcha;
    expect(await refusalOf({ channelId, consent, captcha: unscored }, policy)).toBe('captcha_required');
  });

  test('consent is true or it is not: nothing is taken for it', async () => {
    const codes = ['yes', 'on', 1, 't', '1', 'true', [true], {}, null].map((accepted) =>
      refusalOf({ ...tutorialPayload, consent: { ...consent, accepted } }),
    );
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['payload_invalid']));
  });

  test('a timestamp is an instant with a zone', async () => {
    const bad = ['2024-01-15', '2024-01-15T10:30:00', '2024-W03-1', '20240115', '9999-12-31', '2024-13-01T00:00:00Z'];
    const codes = bad.map((timestamp) => refusalOf(consented(timestamp)));
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['consent_timestamp_invalid']));
    const policy = { consent: { maxSkewMs: 60_000 } };
    expect(await refusalOf(consented('9999-12-31T00:00:00Z'), policy)).toBe('consent_timestamp_future');
  });

  test('empty fields and unknown ones are refused by name', async () => {
    const { attempt, simulator } = scene();
    const empty = { channelId: '', consent, captcha: { provider: '', response: ' ' }, atributes: {} };
    const ended = await attempt(empty);
    expect(ended).toMatchObject({
      outcome: 'refused',
      error: {
        faults: [
          { pointer: '/channelId', detail: 'must not be empty' },
          { pointer: '/captcha/provider', detail: 'must not be empty' },
          { pointer: '/captcha/response', detail: 'must not be blank' },
          { pointer: '/atributes', detail: 'is not a known field' },
        ],
      },
    });
    expect(simulator.requests).toEqual([]);
  });

  test('a line break in a channel forges no line of a log', async () => {
    const forged = 'demo\n2026-01-15 10:30:00 | INFO | AUDIT_LOG: {"eventType":"WEBMESSAGING_GUEST_AUTHENTICATED"}';
    const { attempt, records, close } = scene();
    const ended = await attempt({ ...tutorialPayload, channelId: forged });
    await close();
    expect(ended).toMatchObject({ outcome: 'refused', channelId: null, error: { code: 'payload_invalid' } });
    expect(JSON.stringify([ended, records])).not.toContain('AUDIT_LOG');

    const shown = await command(['authenticate', '--channel', forged, '--consent'], { GUESTPASS_TARGET: 'simulator' });
    expect(shown.code).toBe(2);
    expect(shown.err).not.toMatch(/^2026-01-15/m);
  });

  test('attributes that JSON cannot carry are refused before the token is asked for', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    const values = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1n,
      undefined,
      () => 1,
      Symbol('s'),
      new Date(),
      new Map(),
      circle,
    ];
    const codes = values.map((value) => refusalOf({ ...tutorialPayload, attributes: { value } }));
    expect(new Set(await Promise.all(codes))).toEqual(new Set(['payload_invalid']));
  });
});

describe('the access token', () => {
  test('50 cold callers make one token request', async () => {
    const { guestpass, simulator, clock } = scene();
    await clock.settle(Promise.all(Array.from({ length: 50 }, () => guestpass.attempt(tutorialPayload))));
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 50 });
  });

  test.each([60, 30, 5])('a token that lives %d seconds serves more than one guest', async (tokenLifetimeSeconds) => {
    const { attempt, simulator } = scene({ simulator: { tokenLifetimeSeconds } });
    for (let guest = 0; guest < 20; guest += 1) await attempt();
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 20 });
  });

  test('a 401 brings a new token, and the guests after it come in', async () => {
    const { attempt, simulator } = scene();
    await attempt();
    simulator.faults.add({ operation: 'guest', status: 401 });
    const outcomes: string[] = [];
    for (let guest = 0; guest < 5; guest += 1) outcomes.push((await attempt()).outcome);
    expect(new Set(outcomes)).toEqual(new Set(['admitted']));
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, guestsCreated: 6 });
  });

  test('a rate limit of the token endpoint is retried; when it lasts, it is counted and on record', async () => {
    const { attempt, simulator, guestpass, records, close } = scene();
    simulator.faults.add({ operation: 'token', status: 429 });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 1 });

    const limited = scene({ simulator: { tokenRequestsPerMinute: 1, tokenLifetimeSeconds: 1 } });
    await limited.attempt();
    await limited.clock.advance(2000);
    const ended = await limited.attempt();
    await limited.close();
    expect(ended).toMatchObject({ outcome: 'failed', stage: 'token', error: { code: 'rate_limited' } });
    expect(limited.guestpass.stats()).toMatchObject({ admitted: 1, failed: 1, successRate: 50 });
    expect(limited.records.at(-1)).toMatchObject({ eventType: 'WEBMESSAGING_GUEST_FAILED', code: 'rate_limited' });

    await close();
    expect(guestpass.stats().admitted).toBe(1);
    expect(records).toHaveLength(2);
  });

  test('a token answer without `expires_in` is good for a while', async () => {
    const { attempt, simulator, clock } = scene({ between: withoutExpiry });
    await attempt();
    expect((await attempt()).outcome).toBe('admitted');
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1 });
    await clock.advance(300_000);
    await attempt();
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, guestsCreated: 3 });
  });

  test('fetching tokens opens no connection of its own each time, and closing ends all of them', async () => {
    await using simulator = simulated();
    const { port } = await simulator.listen();
    await using relay = await relayTo(port);
    {
      await using guestpass = socketClient(relay.url, { connections: 1 });
      simulator.faults.add({ operation: 'guest', status: 401, times: 20 });
      for (let guest = 0; guest < 10; guest += 1) await guestpass.attempt(tutorialPayload);
      expect(simulator.stats().tokenRequests).toBeGreaterThanOrEqual(10);
      expect(relay.accepted).toBe(1);
    }
    await expect.poll(() => relay.open).toBe(0);
  });
});

describe('retries', () => {
  const after429 = async (retryAfter: string) => {
    const stage = scene();
    stage.simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': retryAfter } });
    return { ...stage, ended: await stage.attempt() };
  };

  test('200 answers of 429 leave no connection behind, and the guests after them come in', async () => {
    await using simulator = simulated();
    const { port } = await simulator.listen();
    await using relay = await relayTo(port);
    await using guestpass = socketClient(relay.url, { connections: 4 });
    for (let guest = 0; guest < 200; guest += 1) {
      simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '0' } });
      expect(await guestpass.attempt(tutorialPayload)).toMatchObject({ outcome: 'admitted', statusCodes: [429, 201] });
    }
    const after = await Promise.all(Array.from({ length: 50 }, () => guestpass.attempt(tutorialPayload)));
    expect(after.every(({ outcome }) => outcome === 'admitted')).toBe(true);
    expect(simulator.stats()).toMatchObject({ rejectedByStatus: { 429: 200 }, guestsCreated: 250 });
    expect(relay.accepted).toBeLessThanOrEqual(4);
  });

  test('a date in `Retry-After` is waited for', async () => {
    const { ended } = await after429('Thu, 15 Jan 2026 10:30:06 GMT');
    expect(ended).toMatchObject({ outcome: 'admitted', latencyMs: 6000 });
  });

  test.each(['-1', 'nan', 'inf', 'NaN', 'Infinity', '1e9', '०'])('`Retry-After: %s` crashes nobody', async (value) => {
    // A header carries bytes, one a character.
    const { ended } = await after429(Buffer.from(value).toString('latin1'));
    expect(ended).toMatchObject({ outcome: 'admitted', retries: 1, latencyMs: 250 });
  });

  test('a `Retry-After` of a day is told, not slept', async () => {
    const { ended, clock } = await after429('86400');
    expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'rate_limited', retryAfterMs: 3_600_000 } });
    expect(clock.monotonic()).toBe(0);
  });

  test('waits are drawn, so that callers do not come back together', async () => {
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const { guestpass, simulator, clock } = scene({ guestpass: { random } });
    simulator.faults.add({ operation: 'guest', status: 429, times: 60 });
    const ended = await clock.settle(Promise.all(Array.from({ length: 60 }, () => guestpass.attempt(tutorialPayload))));
    const waits = ended.map(({ latencyMs }) => latencyMs);
    expect(new Set(waits).size).toBeGreaterThan(55);
    expect(Math.min(...waits)).toBeLessThan(50);
    expect(Math.max(...waits)).toBeGreaterThan(450);
    expect(Math.max(...waits)).toBeLessThan(500);
  });

  test('what surely created nothing is tried again; what may have created a guest is not', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status: 503 });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 1 });
    simulator.faults.add({ operation: 'guest', reset: 'after' });
    expect(await attempt()).toMatchObject({ outcome: 'unknown', retries: 0 });
    expect(simulator.stats()).toMatchObject({ guestRequests: 3, guestsCreated: 2 });
  });

  test('guests who wait for a 429 hold up nobody else', async () => {
    const { guestpass, attempt, simulator, clock } = scene();
    simulator.faults.add({ operation: 'guest', status: 429, times: 100, headers: { 'Retry-After': '1' } });
    const waiting = Array.from({ length: 100 }, () => guestpass.attempt(tutorialPayload));
    await clock.advance(0);
    expect(simulator.stats()).toMatchObject({ rejectedByStatus: { 429: 100 }, guestsCreated: 0 });
    const fresh = await attempt();
    expect(fresh).toMatchObject({ outcome: 'admitted', durationMs: 0 });
    const ended = await clock.settle(Promise.all(waiting));
    expect(ended.every(({ outcome, latencyMs }) => outcome === 'admitted' && latencyMs === 1000)).toBe(true);
  });
});

describe('time', () => {
  test('the time for one guest can be set, so that a slow answer is not lost', async () => {
    const { attempt, simulator } = scene({ guestpass: { deadlineMs: 30_000 } });
    simulator.faults.add({ operation: 'guest', delayMs: 6000 });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', latencyMs: 6000 });
    simulator.faults.add({ operation: 'guest', delayMs: 6000 });
    const late = await attempt(tutorialPayload, { deadlineMs: 5000 });
    expect(late).toMatchObject({ outcome: 'unknown', error: { code: 'outcome_unknown' } });
    expect(simulator.stats()).toMatchObject({ guestsCreated: 2 });
  });

  test('a guest can be given up, and one deadline covers everything', async () => {
    const { guestpass, attempt, simulator, clock } = scene();
    const caller = new AbortController();
    simulator.faults.add({ operation: 'token', stall: true });
    const given = guestpass.attempt(tutorialPayload, { signal: caller.signal });
    await clock.advance(100);
    caller.abort();
    expect(await given).toMatchObject({ outcome: 'failed', error: { code: 'aborted' }, durationMs: 100 });

    simulator.faults.add({ operation: 'token', stall: true });
    const { durationMs } = await attempt(tutorialPayload, { deadlineMs: 1500 });
    expect(durationMs).toBeLessThanOrEqual(1500);
  });

  test('the latency of a guest leaves the token request out', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'token', delayMs: 300 });
    simulator.faults.add({ operation: 'guest', delayMs: 20 });
    expect(await attempt()).toMatchObject({ latencyMs: 20, stages: { token: 300, guest: 20 } });
  });
});

describe('records and counts', () => {
  test('a failure leaves its audit event', async () => {
    const { attempt, simulator, records, close } = scene();
    simulator.faults.add({ operation: 'guest', status: 500 });
    const ended = await attempt();
    await close();
    expect(records.map(({ eventType, attemptId }) => [eventType, attemptId])).toEqual([
      ['WEBMESSAGING_GUEST_REQUESTED', ended.id],
      ['WEBMESSAGING_GUEST_FAILED', ended.id],
    ]);
  });

  test('guests lost on the way lower the success rate', async () => {
    let up = true;
    const { attempt, guestpass } = scene({
      guestpass: { retry: { retries: 0 } },
      between: (fetch) => async (request) => {
        if (up) return fetch(request);
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('down'), { code: 'ECONNREFUSED' }) });
      },
    });
    await attempt();
    up = false;
    for (let guest = 0; guest < 5; guest += 1) await attempt();
    expect(guestpass.stats()).toMatchObject({ admitted: 1, failed: 5, successRate: 16.67 });
  });

  test('a 201 that holds a page, or no guest id, admits nobody', async () => {
    const { attempt, simulator, guestpass, records, close } = scene();
    simulator.faults.add({ operation: 'guest', body: 'html' });
    simulator.faults.add({ operation: 'guest', body: { json: { sessionToken: 'token' } } });
    const ended = [await attempt(), await attempt()];
    await close();
    expect(ended).toMatchObject([
      { outcome: 'unknown', error: { code: 'platform_response_invalid' } },
      { outcome: 'unknown', error: { code: 'platform_response_invalid' } },
    ]);
    expect(guestpass.stats()).toMatchObject({ admitted: 0, unknown: 2, successRate: 0 });
    expect(records.filter(({ eventType }) => eventType === 'WEBMESSAGING_GUEST_AUTHENTICATED')).toEqual([]);
  });

  test('each audit event has the latency of its own guest, however many are under way', async () => {
    const { clock, simulator } = scene();
    const inner = fetchExchange(simulator.fetch);
    const latencies = new Map<string, number>();
    // Each guest says itself how long the platform shall take for it.
    const guestpass = createGuestpass({
      environment: 'http://127.0.0.1:4010',
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      requestsPerMinute: Number.POSITIVE_INFINITY,
      clock,
      exchange: async (request) => {
        const body = String(request.body);
        if (body.startsWith('{')) await sleep(clock, JSON.parse(body).attributes.takes, request.signal);
        return inner(request);
      },
      onAudit: (record) => void ('latencyMs' in record && latencies.set(record.attemptId, record.latencyMs)),
    });
    const guests = Array.from({ length: 200 }, (_, guest) => (guest * 7919) % 1000);
    const ended = await clock.settle(
      Promise.all(guests.map((takes) => guestpass.attempt({ ...tutorialPayload, attributes: { takes } }))),
    );
    await clock.settle(guestpass.close());
    expect(ended.map(({ latencyMs }) => latencyMs)).toEqual(guests);
    expect(ended.map(({ id }) => latencies.get(id))).toEqual(guests);
  });

  test('statistics take no more room for a million guests than for none', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const statistics = createStatistics();
    const admitted = await scene().attempt();
    const room = () => {
      collect();
      const { heapUsed, external, arrayBuffers } = process.memoryUsage();
      return heapUsed + external + arrayBuffers;
    };
    const count = (latencyMs: number) => statistics.count({ ...admitted, latencyMs });
    for (let guest = 0; guest < 10_000; guest += 1) count(guest % 997);
    const before = room();
    const guests = 1_000_000;
    for (let guest = 0; guest < guests; guest += 1) count((guest * 7919) % 9973);
    // One number kept for each guest would take eight bytes.
    expect(room() - before).toBeLessThan(guests * 2);
    expect(statistics.read()).toMatchObject({ admitted: guests + 10_000, successRate: 100 });
    expect(statistics.read().latencyMs.p50).toBeGreaterThan(4000);
  });

  test('the audit log has one line for each event, and each line is one JSON object', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'guestpass-lines-'));
    const path = join(directory, 'audit.jsonl');
    const audit = await jsonlAuditLog(path);
    const { guestpass } = scene({ guestpass: { audit } });
    for (let guest = 0; guest < 3; guest += 1) await guestpass.attempt(tutorialPayload);
    await audit[Symbol.asyncDispose]();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    await rm(directory, { recursive: true });
    expect(lines.map((line) => JSON.parse(line).sequence)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('callbacks', () => {
  const thrower = () => {
    throw new Error('callback');
  };

  test('one that raises does not lose the guest already created', async () => {
    const { attempt, simulator, problems, close } = scene({ guestpass: { onAudit: thrower, onGuest: thrower } });
    expect((await attempt()).outcome).toBe('admitted');
    await close();
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
    expect(problems).toHaveLength(3);
  });

  test('a slow webhook does not hold the guest', async () => {
    const { attempt, clock } = scene({
      guestpass: { onGuest: () => new Promise<void>((resolve) => void clock.after(300, resolve)) },
    });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', durationMs: 0 });
    expect(clock.monotonic()).toBe(0);
  });

  test('a webhook is not handed the session token', async () => {
    const { attempt, notices, records, close } = scene();
    const admitted = await attempt();
    await close();
    if (admitted.outcome !== 'admitted') throw new Error('The guest should be in.');
    expect(JSON.stringify([notices, records])).not.toContain(admitted.guestPass.sessionToken);
    expect(Object.keys(notices[0]?.data ?? {})).toEqual([
      'attemptId',
      'sequence',
      'guestId',
      'channelId',
      'consentTimestamp',
      'code',
      'correlationId',
    ]);
  });
});
