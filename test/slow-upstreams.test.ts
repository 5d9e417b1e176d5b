import { createSimulator } from '@guestpass/simulator';
import { type BreakerChange, createGuestpass } from 'guestpass';
import { recaptchaVerifier } from 'guestpass/captcha';
import { createBulkhead, fetchExchange } from 'guestpass/http';
import { type ManualClock, manualClock } from 'guestpass/testing';
import { expect, test } from 'vitest';
import { begins, scene, tutorialPayload } from './scene.ts';

// Upstreams that say nothing, or a byte now and then, one beside the other: one deadline holds for all of them.

type Pace = 'prompt' | 'silent' | 'dripping';
type Paces = readonly [captcha: Pace, token: Pace, guest: Pace];

/** The answer, never, or byte by byte; by the clock of the scene. */
async function paced(pace: Pace, answer: () => Promise<Response>, clock: ManualClock): Promise<Response> {
  if (pace === 'prompt') return await answer();
  if (pace === 'silent') return await new Promise<Response>(() => {});
  const { status, headers } = await answer();
  let stop = () => {};
  const drip = new ReadableStream({
    pull(body) {
      const { promise, resolve } = Promise.withResolvers<void>();
      stop = clock.after(300, () => {
        body.enqueue(new Uint8Array([0x20]));
        resolve();
      });
      return promise;
    },
    cancel: () => stop(),
  });
  return new Response(drip, { status, headers });
}

function stage([captcha, token, guest]: Paces) {
  const clock = manualClock(Date.parse(begins));
  const paceOf = (url: string): Pace => {
    if (url.endsWith('/siteverify')) return captcha;
    return url.endsWith('/oauth/token') ? token : guest;
  };
  const between = (fetch: (request: Request) => Promise<Response>) => (request: Request) =>
    paced(paceOf(request.url), () => fetch(request), clock);
  const verifiers = {
    recaptcha: recaptchaVerifier({
      secret: 'sim-captcha-secret',
      url: 'http://127.0.0.1:4010/captcha/recaptcha/siteverify',
      exchange: (request) => fetchExchange(between(here.simulator.fetch))(request),
      clock,
    }),
  };
  const policy = { captcha: { mode: 'verified', verifiers } } as const;
  const here = scene({ guestpass: { clock, policy }, simulator: { clock }, between });
  const attempt = () =>
    clock.settle(here.guestpass.attempt({ ...tutorialPayload, captcha: { provider: 'recaptcha', response: 'ok.1' } }));
  return { clock, attempt, simulator: here.simulator, close: () => clock.settle(here.guestpass.close()) };
}

const slow: readonly Pace[] = ['prompt', 'silent', 'dripping'];
const all: Paces[] = slow.flatMap((captcha) =>
  slow.flatMap((token) => slow.map((guest): Paces => [captcha, token, guest])),
);

/** How it has to end: by the first upstream that is slow. */
function expectedOf([captcha, token, guest]: Paces) {
  if (captcha !== 'prompt') return { outcome: 'failed', stage: 'captcha', error: { code: 'captcha_unavailable' } };
  if (token !== 'prompt') return { outcome: 'failed', stage: 'token', error: { code: 'deadline_exceeded' } };
  if (guest !== 'prompt') return { outcome: 'unknown', stage: 'guest' };
  return { outcome: 'admitted' };
}

test.each(all)('captcha provider %s, token endpoint %s, guests path %s: it ends in time', async (...paces) => {
  const { attempt, clock, close, simulator } = stage(paces);
  const ended = await attempt();
  expect(ended).toMatchObject(expectedOf(paces));
  expect(ended.durationMs).toBeLessThanOrEqual(10_000);
  const { guestRequests } = simulator.stats();
  expect(guestRequests).toBeLessThanOrEqual(1);
  await close();
  // A request that was given up has this very turn to say whether anything was sent.
  await clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('a guest is not asked for when hardly any time is left to hear of it', async () => {
  const afterToken = async (delayMs: number, deadlineMs: number) => {
    const { attempt, simulator } = scene();
    simulator.faults.add({ operation: 'token', delayMs });
    const ended = await attempt(tutorialPayload, { deadlineMs });
    return [ended.outcome, ended.outcome !== 'admitted' && ended.error.code, simulator.stats().guestRequests];
  };
  expect(await afterToken(9_701, 10_000)).toEqual(['failed', 'deadline_exceeded', 0]);
  expect(await afterToken(9_700, 10_000)).toEqual(['admitted', false, 1]);
  expect(await afterToken(995, 1_000)).toEqual(['failed', 'deadline_exceeded', 0]);
  expect(await afterToken(950, 1_000)).toEqual(['admitted', false, 1]);
});

// Web messaging over real sockets. The client's clock is moved by hand, so its deadlines pass when the platform has them all.

/** A client that asks for at most 20 sessions at once, with 3 guests in the line behind. */
async function messagingStage() {
  await using opened = new AsyncDisposableStack();
  const simulator = opened.use(createSimulator({ seed: 1 }));
  const { url } = await simulator.listen();
  const clock = manualClock(Date.parse(begins));
  const bulkhead = createBulkhead({ places: 20, queue: 3, clock });
  const changes: BreakerChange['state'][] = [];
  const guestpass = opened.use(
    createGuestpass({
      environment: url,
      issuer: 'web-messaging',
      breaker: { onChange: ({ state }) => changes.push(state) },
      bulkhead,
      retry: { retries: 0 },
      clock,
    }),
  );
  const attempt = () => guestpass.attempt(tutorialPayload);
  const sockets = () => simulator.requests.filter(({ operation }) => operation === 'socket').length;
  const kept = opened.move();
  const close = () => kept.disposeAsync();
  return { simulator, clock, bulkhead, changes, attempt, sockets, [Symbol.asyncDispose]: close };
}

test.each([
  ['upgrades', 'socket'],
  ['configureSession', 'action'],
] as const)(
  'a platform that leaves %s unanswered holds 20 sockets and no more, and is then left alone',
  async (_, stalled) => {
    await using here = await messagingStage();
    const { simulator, clock, bulkhead, changes, attempt, sockets } = here;
    simulator.faults.add({ operation: stalled, stall: true, times: 'always' });
    const held = Array.from({ length: 20 }, attempt);
    const waiting = Array.from({ length: 3 }, attempt);
    const refused = await Promise.all(Array.from({ length: 50 }, attempt));
    for (const one of refused) {
      expect(one).toMatchObject({ outcome: 'failed', stage: 'guest', statusCodes: [], error: { code: 'overloaded' } });
    }
    await expect.poll(() => simulator.stats().faultsApplied).toBe(20);
    expect([bulkhead.inUse, bulkhead.waiting]).toEqual([20, 3]);

    await clock.advance(2_000);
    for (const one of await Promise.all(waiting)) {
      expect(one).toMatchObject({ error: { code: 'overloaded' }, durationMs: 2_000 });
    }
    await clock.advance(8_000);
    for (const one of await Promise.all(held)) {
      expect(one).toMatchObject({ outcome: 'failed', error: { code: 'deadline_exceeded' }, durationMs: 10_000 });
    }
    expect([bulkhead.inUse, bulkhead.waiting, changes, clock.pending]).toEqual([0, 0, ['open'], 0]);
    await expect.poll(() => simulator.stats().openSockets).toBe(0);

    // Whoever comes now waits for nothing: nobody moves the clock.
    for (const one of await Promise.all(Array.from({ length: 50 }, attempt))) {
      expect(one).toMatchObject({
        outcome: 'failed',
        durationMs: 0,
        statusCodes: [],
        error: { code: 'platform_unavailable', retryable: true, retryAfterMs: 5_000 },
      });
    }
    expect(sockets()).toBe(20);

    simulator.faults.clear();
    await clock.advance(5_000);
    expect([(await attempt()).outcome, (await attempt()).outcome]).toEqual(['admitted', 'admitted']);
    expect([sockets(), changes]).toEqual([22, ['open', 'half-open', 'closed']]);
  },
);
