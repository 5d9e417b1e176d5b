import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createSimulator } from '@guestpass/simulator';
import {
  createGuestpass,
  type GuestPayload,
  GuestpassError,
  readConfig,
  resolveEnvironment,
  tutorialGuestsPath,
  tutorialScope,
} from 'guestpass';
import { parseGuestPayload } from 'guestpass/contract';
import { describe, expect, test } from 'vitest';
import { type SceneOptions, scene, tutorialPayload } from './scene.ts';

// The tutorial "Authenticating Genesys Cloud Web Messaging Guest Users via REST API with Python", heading by heading:
// what it says a program does, Guestpass does against the simulated platform.

const noFile = {
  readFile: (path: string): string => {
    throw new Error(`no file ${path}`);
  },
};

/** Notes each request with its secrets, as only the wire has them. */
const wiretap = () => {
  const sent: { url: string; method: string; headers: Headers; body: string }[] = [];
  const between: NonNullable<SceneOptions['between']> = (fetch) => async (request) => {
    const { url, method, headers } = request;
    sent.push({ url, method, headers, body: await request.clone().text() });
    return fetch(request);
  };
  return { sent, between };
};

describe('What You Will Build', () => {
  test('a module that creates and authenticates guest sessions by the REST API', async () => {
    const { guestpass, clock, simulator } = scene();
    const session = await clock.settle(guestpass.authenticate(tutorialPayload));
    expect(session).toMatchObject({ guestId: expect.any(String), sessionToken: expect.any(String) });
    expect(simulator.stats()).toMatchObject({ guestsCreated: 1 });
  });

  test('it targets the endpoint of the tutorial', () => {
    expect(tutorialGuestsPath).toBe('/api/v2/conversations/webmessaging/guests');
  });

  test('requests and answers are typed, and checked where they come in', () => {
    const typed: GuestPayload = tutorialPayload;
    expect(parseGuestPayload(typed)).toEqual({ ok: true, payload: tutorialPayload });
  });
});

describe('Prerequisites', () => {
  test('client credentials with the scopes webmessaging:guest:create and openid', () => {
    expect(tutorialScope).toBe('webmessaging:guest:create openid');
  });

  test('the environment usw2.mygenesys.com is used as it is', () => {
    expect(resolveEnvironment('usw2.mygenesys.com')).toEqual({
      kind: 'custom',
      loginUrl: 'https://usw2.mygenesys.com',
      apiUrl: 'https://usw2.mygenesys.com',
    });
  });
});

describe('Authentication Setup', () => {
  test('client id and secret are exchanged for an access token: Basic, form body, scope', async () => {
    const { sent, between } = wiretap();
    await scene({ between }).attempt();
    expect(sent[0]?.url).toBe('http://127.0.0.1:4010/oauth/token');
    expect(sent[0]?.headers.get('authorization')).toBe(
      `Basic ${Buffer.from('sim-client:sim-secret').toString('base64')}`,
    );
    expect(sent[0]?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/);
    expect(Object.fromEntries(new URLSearchParams(sent[0]?.body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'webmessaging:guest:create openid',
    });
  });

  test('every call of the API carries the bearer', async () => {
    const { sent, between } = wiretap();
    await scene({ between }).attempt();
    expect(sent[1]?.headers.get('authorization')).toMatch(/^Bearer \S{20,}$/);
  });

  test('the token is cached', async () => {
    const { attempt, simulator } = scene();
    for (let guest = 0; guest < 5; guest += 1) await attempt();
    expect(simulator.stats()).toMatchObject({ tokenRequests: 1, guestsCreated: 5 });
  });

  test('it is not used in its last 60 seconds, and a new one comes by itself', async () => {
    const { attempt, simulator, clock } = scene({ simulator: { tokenLifetimeSeconds: 3600 } });
    await attempt();
    await clock.advance((3600 - 59) * 1000);
    expect((await attempt()).outcome).toBe('admitted');
    expect(simulator.stats()).toMatchObject({ tokenRequests: 2, rejectedByStatus: {} });
  });
});

describe('Step 1: Schema Validation & Payload Construction', () => {
  const faultsOf = (payload: unknown) => {
    const parsed = parseGuestPayload(payload);
    return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer);
  };

  test('channel, consent, captcha and attributes are checked before anything is sent', async () => {
    const broken = { channelId: 7, consent: 'yes', captcha: { score: 'high' }, attributes: 'none' };
    const { attempt, simulator } = scene();
    expect((await attempt(broken)).outcome).toBe('refused');
    expect(simulator.requests).toEqual([]);
    expect(faultsOf(broken)).toEqual([
      '/channelId',
      '/consent',
      '/captcha/provider',
      '/captcha/response',
      '/captcha/score',
      '/attributes',
    ]);
  });

  test.each([
    [0, 'refused'],
    [0.49, 'refused'],
    [0.5, 'admitted'],
    [1, 'admitted'],
    [1.01, 'refused'],
    [-0.01, 'refused'],
  ])('a captcha score of %d is %s', async (score, outcome) => {
    const { attempt } = scene();
    expect((await attempt({ ...tutorialPayload, captcha: { ...tutorialPayload.captcha, score } })).outcome).toBe(
      outcome,
    );
  });

  test('captcha, its score and attributes may be left out', async () => {
    const { attempt } = scene();
    const { channelId, consent } = tutorialPayload;
    expect((await attempt({ channelId, consent })).outcome).toBe('admitted');
    const captcha = { provider: 'hCaptcha', response: 'answer' };
    expect((await attempt({ channelId, consent, captcha })).outcome).toBe('admitted');
  });

  test.each(['2024-01-15T10:30:00Z', '2024-01-15T10:30:00+00:00', '2024-01-15T10:30:00.123-05:00'])(
    'the consent timestamp %s is ISO 8601',
    async (timestamp) => {
      const { attempt } = scene();
      expect((await attempt({ ...tutorialPayload, consent: { accepted: true, timestamp } })).outcome).toBe('admitted');
    },
  );

  test('the body has the names of the tutorial', async () => {
    const { sent, between } = wiretap();
    await scene({ between }).attempt();
    expect(JSON.parse(sent[1]?.body ?? '')).toEqual(tutorialPayload);
  });
});

describe('Step 2: Atomic POST Request with Retry & Latency Tracking', () => {
  test('one POST makes one guest, and its 201 holds the guest and the session', async () => {
    const { sent, between } = wiretap();
    const { attempt, simulator } = scene({ between });
    const admitted = await attempt();
    expect(sent.slice(1)).toMatchObject([{ method: 'POST', url: `http://127.0.0.1:4010${tutorialGuestsPath}` }]);
    expect(sent[1]?.headers.get('content-type')).toBe('application/json');
    expect(sent[1]?.headers.get('accept')).toBe('application/json');
    expect(admitted).toMatchObject({ outcome: 'admitted', statusCodes: [201] });
    expect(simulator.stats()).toMatchObject({ guestRequests: 1, guestsCreated: 1 });
  });

  test('a 429 is retried with exponential backoff, three times at most', async () => {
    const { attempt, simulator } = scene({ guestpass: { random: () => 0.999999 } });
    simulator.faults.add({ operation: 'guest', status: 429, times: 'always' });
    const ended = await attempt();
    expect(ended).toMatchObject({ outcome: 'failed', statusCodes: [429, 429, 429, 429] });
    expect(ended.latencyMs).toBeCloseTo(500 + 1000 + 2000, 0);
  });

  test('the answer may say how long to wait', async () => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '2' } });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 1, latencyMs: 2000 });
  });

  test('the number of retries and the first delay can be set', async () => {
    const { attempt, simulator } = scene({ guestpass: { retry: { retries: 5, baseDelayMs: 100 } } });
    simulator.faults.add({ operation: 'guest', status: 429, times: 5 });
    expect(await attempt()).toMatchObject({ outcome: 'admitted', retries: 5 });
  });

  test('latency is measured; successes and failures are counted', async () => {
    const { attempt, simulator, guestpass } = scene();
    simulator.faults.add({ operation: 'guest', delayMs: 250 });
    expect((await attempt()).latencyMs).toBe(250);
    simulator.faults.add({ operation: 'guest', status: 500 });
    await attempt();
    expect(guestpass.stats()).toMatchObject({ admitted: 1, failed: 1, latencyMs: { max: expect.closeTo(250, 0) } });
  });

  test.each([
    [400, 'request_rejected'],
    [403, 'forbidden'],
  ])('a %d is an error of its own: %s', async (status, code) => {
    const { guestpass, simulator, clock } = scene();
    simulator.faults.add({ operation: 'guest', status });
    const error: unknown = await clock
      .settle(guestpass.authenticate(tutorialPayload))
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GuestpassError);
    expect(error).toMatchObject({ code, status });
  });
});

describe('Step 3: Processing Results, Audit Logging & Webhook Sync', () => {
  test("the audit event has the tutorial's eight fields", async () => {
    const { attempt, simulator, records, close } = scene();
    simulator.faults.add({ operation: 'guest', delayMs: 12.345 });
    const admitted = await attempt();
    await close();
    if (admitted.outcome !== 'admitted') throw new Error('The guest should be in.');
    expect(records.at(-1)).toMatchObject({
      eventType: 'WEBMESSAGING_GUEST_AUTHENTICATED',
      guestId: admitted.guestPass.guestId,
      channelId: 'your-channel-id',
      consentTimestamp: '2024-01-15T10:30:00Z',
      captchaProvider: 'recaptcha',
      latencyMs: 12.35,
      successRate: 100,
      timestamp: expect.stringMatching(/^2026-01-15T10:30:00\.\d{3}Z$/),
    });
  });

  test('a guest without a captcha has no captcha provider', async () => {
    const { attempt, records, close } = scene();
    const { channelId, consent } = tutorialPayload;
    await attempt({ channelId, consent });
    await close();
    expect(records.at(-1)).toMatchObject({ captchaProvider: null });
  });

  test('the success rate is in percent, with two decimals, and 0 before the first guest', async () => {
    const { attempt, simulator, guestpass } = scene();
    expect(guestpass.stats().successRate).toBe(0);
    await attempt();
    await attempt();
    simulator.faults.add({ operation: 'guest', status: 500 });
    await attempt();
    expect(guestpass.stats().successRate).toBe(66.67);
  });

  test('an identity provider is told without the guest waiting for it', async () => {
    const told: unknown[] = [];
    const { attempt, clock } = scene({
      guestpass: {
        onGuest: async (notice) => {
          await new Promise<void>((resolve) => void clock.after(3000, resolve));
          told.push(notice.data.guestId);
        },
      },
    });
    const admitted = await attempt();
    expect(told).toEqual([]);
    expect(admitted).toMatchObject({ outcome: 'admitted', durationMs: 0 });
    await clock.advance(3000);
    expect(told).toEqual([admitted.outcome === 'admitted' && admitted.guestPass.guestId]);
  });

  test('audit and webhook are the callers own functions', async () => {
    const audited: string[] = [];
    const synced: string[] = [];
    const { attempt, close } = scene({
      guestpass: {
        onAudit: ({ eventType }) => void audited.push(eventType),
        onGuest: ({ type }) => void synced.push(type),
      },
    });
    await attempt();
    await close();
    expect(audited).toContain('WEBMESSAGING_GUEST_AUTHENTICATED');
    expect(synced).toEqual(['guest.authenticated']);
  });
});

describe('Complete Working Example', () => {
  const variables = (url: string) => ({
    GENESYS_CLIENT_ID: 'sim-client',
    GENESYS_CLIENT_SECRET: 'sim-secret',
    GENESYS_ENV: url,
    WEBMSG_CHANNEL_ID: 'your-channel-id',
  });

  test('its four variables and its own payload let a guest in, over HTTP', async () => {
    await using simulator = createSimulator({ seed: 1 });
    const { url } = await simulator.listen();
    const config = readConfig(variables(url), noFile);
    await using guestpass = createGuestpass(config.options);
    const session = await guestpass.authenticate({
      channelId: config.values.channelId,
      consent: { accepted: true, timestamp: '2024-01-15T10:30:00Z' },
      captcha: { provider: 'recaptcha', response: '03AGdBq25...', score: 0.9 },
      attributes: { origin: 'automated_test', user_agent: 'python-httpx/0.24.0' },
    });
    expect(session).toMatchObject({ guestId: expect.any(String), channelId: 'your-channel-id' });
    expect(guestpass.stats().successRate).toBe(100);
  });

  test('the variables mean what they mean there', () => {
    const { options, values } = readConfig(variables('usw2.mygenesys.com'), noFile);
    expect(options).toMatchObject({
      clientId: 'sim-client',
      clientSecret: 'sim-secret',
      environment: { apiUrl: 'https://usw2.mygenesys.com' },
    });
    expect(values.channelId).toBe('your-channel-id');
  });

  test('one command reads them from .env, lets the guest in and ends with the two lines of the tutorial', async () => {
    await using simulator = createSimulator({ seed: 1 });
    const { url } = await simulator.listen();
    const directory = await mkdtemp(join(tmpdir(), 'guestpass-tutorial-'));
    const env = Object.entries(variables(url)).map(([name, value]) => `${name}=${value}\n`);
    await writeFile(join(directory, '.env'), env.join(''));
    const { channelId: _, ...payload } = tutorialPayload;
    const bin = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'guestpass.js');
    const command = spawn(process.execPath, [bin, 'authenticate', '--payload', '-'], { cwd: directory, env: {} });
    command.stdin.end(JSON.stringify(payload));
    const ended = Promise.all([text(command.stdout), text(command.stderr), once(command, 'exit')]);
    const [out, err, [code]] = await ended;
    await rm(directory, { recursive: true });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/\nAuthentication complete\. Guest ID: [0-9a-f-]{36}\nCurrent success rate: 100%\n$/);
  });
});

describe('Common Errors & Debugging', () => {
  describe('Error: HTTP 400 Bad Request', () => {
    test.each([
      ['consent.accepted is not boolean', { consent: { accepted: 'true', timestamp: '2024-01-15T10:30:00Z' } }],
      ['consent.timestamp is not ISO 8601', { consent: { accepted: true, timestamp: '15.01.2024' } }],
      ['captcha.score is below 0.5', { captcha: { provider: 'recaptcha', response: 'answer', score: 0.4 } }],
    ])('%s: found here, before the platform is asked', async (_, change) => {
      const { attempt, simulator } = scene();
      expect((await attempt({ ...tutorialPayload, ...change })).outcome).toBe('refused');
      expect(simulator.requests).toEqual([]);
    });

    test("what the platform itself rejects comes with the platform's field-level messages", async () => {
      const { attempt, simulator } = scene();
      const details = [{ errorCode: 'invalid.date', fieldName: 'consent.timestamp' }];
      simulator.faults.add({ operation: 'guest', status: 400, body: { merge: { details } } });
      expect(await attempt()).toMatchObject({
        outcome: 'failed',
        error: {
          code: 'request_rejected',
          faults: [{ pointer: '/consent/timestamp', detail: 'The platform says: invalid.date.' }],
        },
      });
    });
  });

  describe('Error: HTTP 401 Unauthorized', () => {
    test('an access token that expired is replaced, and the guest comes in', async () => {
      const { attempt, simulator, clock } = scene({ simulator: { tokenLifetimeSeconds: 300 } });
      simulator.faults.add({ operation: 'token', body: { merge: { expires_in: 86_400 } } });
      await attempt();
      await clock.advance(400_000);
      expect(await attempt()).toMatchObject({ outcome: 'admitted', statusCodes: [401, 201] });
    });

    test('a token that lacks the scope is told with the scope to grant', async () => {
      const { attempt } = scene({ guestpass: { scope: 'openid' } });
      const ended = await attempt();
      if (ended.outcome !== 'failed') throw new Error('The platform should forbid it.');
      expect(ended.error.message).toContain('webmessaging:guest:create');
    });

    test('credentials that no longer hold are told as such, with the advice to rotate them', async () => {
      const { attempt } = scene({ guestpass: { clientSecret: 'rotated away' } });
      const ended = await attempt();
      expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'credentials_rejected', status: 401 } });
      if (ended.outcome === 'failed') expect(ended.error.remedy).toContain('rotate the secret');
    });
  });

  describe('Error: HTTP 403 Forbidden', () => {
    test('a disabled channel is told with status and advice', async () => {
      const { attempt } = scene();
      const ended = await attempt({ ...tutorialPayload, channelId: 'disabled' });
      expect(ended).toMatchObject({ outcome: 'failed', error: { code: 'forbidden', status: 403 } });
      if (ended.outcome === 'failed') expect(ended.error.remedy).toContain('check that the channel is active');
    });

    test('a channel is held against a known-good list before it is sent', async () => {
      const { attempt, simulator } = scene({ guestpass: { policy: { allowedChannels: ['your-channel-id'] } } });
      expect((await attempt()).outcome).toBe('admitted');
      const ended = await attempt({ ...tutorialPayload, channelId: 'of-another-workspace' });
      expect(ended).toMatchObject({
        outcome: 'refused',
        channelId: 'of-another-workspace',
        error: { code: 'channel_not_allowed' },
      });
      expect(simulator.stats()).toMatchObject({ guestRequests: 1 });
    });
  });

  describe('Error: HTTP 429 Too Many Requests', () => {
    test('a burst above the rate is held to it by our own pace, and everybody comes in', async () => {
      const { guestpass, simulator, clock } = scene({
        guestpass: { requestsPerMinute: 300, deadlineMs: 60_000 },
        simulator: { requestsPerMinute: 300 },
      });
      const attempts = Array.from({ length: 100 }, () => guestpass.attempt(tutorialPayload));
      const ended = await clock.settle(Promise.all(attempts));
      expect(ended.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(100);
      expect(simulator.stats().rejectedByStatus).toEqual({});
    });

    test('a platform that grants less than it said is waited for', async () => {
      const { guestpass, simulator, clock } = scene({
        guestpass: { requestsPerMinute: 300, deadlineMs: 120_000 },
        simulator: { requestsPerMinute: 10 },
      });
      const attempts = Array.from({ length: 15 }, () => guestpass.attempt(tutorialPayload));
      const ended = await clock.settle(Promise.all(attempts));
      expect(ended.filter(({ outcome }) => outcome === 'admitted')).toHaveLength(15);
      expect(simulator.stats().guestsCreated).toBe(15);
    });

    test('when the retries are spent, the error says how long to wait', async () => {
      const { attempt, simulator } = scene({ guestpass: { retry: { retries: 1 } } });
      simulator.faults.add({ operation: 'guest', status: 429, headers: { 'Retry-After': '3' }, times: 'always' });
      expect(await attempt()).toMatchObject({
        outcome: 'failed',
        error: { code: 'rate_limited', retryable: true, retryAfterMs: 3000 },
      });
    });
  });
});
