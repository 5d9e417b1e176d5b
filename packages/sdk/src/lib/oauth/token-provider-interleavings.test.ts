import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GuestpassError } from '../errors.ts';
import { manualClock } from '../testing/manual-clock.ts';
import type { IssuedToken } from './client-credentials.ts';
import { createTokenProvider } from './token-provider.ts';

const lifetimeMs = 120_000;
const usableMs = 90_000;
/** Brings a fresh token to the age at which a renewal is due and the token is still served. */
const untilRenewalMs = 80_000;
const deadlineMs = 10_000;

type Answer = 'fresh' | 'same' | 'down' | 'rejected';
type Action =
  | { readonly do: 'get'; readonly withinMs: number | undefined }
  | { readonly do: 'abort' | 'drop'; readonly which: number }
  | { readonly do: 'advance'; readonly spanMs: number };

const answers = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.constant<Answer>('fresh') },
    { weight: 1, arbitrary: fc.constantFrom<Answer>('same', 'same', 'down', 'rejected') },
  ),
  { minLength: 1, maxLength: 12 },
);

const actions = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('get' as const),
        withinMs: fc.option(fc.nat(12_000), { nil: undefined }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('abort' as const, 'drop' as const), which: fc.nat(3) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('advance' as const),
        spanMs: fc.constantFrom(0, 1_000, 5_000, 31_000, untilRenewalMs, 100_000),
      }),
    },
  ),
  { minLength: 1, maxLength: 40 },
);

/** A world with one provider, an endpoint whose answers the scheduler releases, and a record of what happened when. */
class World {
  readonly clock = manualClock();
  readonly outcomes: Promise<void>[] = [];
  readonly faults: string[] = [];
  readonly settled = { served: 0, failed: 0 };
  readonly #scheduler: fc.Scheduler;
  readonly #answers: readonly Answer[];
  readonly #controllers: AbortController[] = [];
  readonly #issued: { readonly value: string; readonly askedAt: number; readonly receivedAtMs: number }[] = [];
  readonly #droppedAt = new Map<string, number>();
  readonly #seen: string[] = [];
  #requests = 0;
  #inAir = 0;
  /** Orders events that happen within one instant. */
  #turn = 0;
  readonly tokens = createTokenProvider({
    request: (wait) => this.#request(wait.signal),
    clock: this.clock,
    random: () => 0.5,
    deadlineMs,
  });

  constructor(scheduler: fc.Scheduler, given: readonly Answer[]) {
    this.#scheduler = scheduler;
    this.#answers = given;
  }

  async act(action: Action): Promise<void> {
    switch (action.do) {
      case 'get':
        return this.#get(action.withinMs);
      case 'abort':
        return this.#controllers.at(-1 - action.which)?.abort();
      case 'drop':
        return this.#drop(this.#seen.at(-1 - action.which) ?? 'never issued');
      case 'advance':
        return this.clock.advance(action.spanMs);
    }
  }

  #get(withinMs: number | undefined): void {
    const controller = new AbortController();
    this.#controllers.push(controller);
    const asked = { turn: ++this.#turn, ms: this.clock.monotonic() };
    const deadline = withinMs === undefined ? {} : { deadlineAt: asked.ms + withinMs };
    const asking = Promise.resolve(this.tokens.get({ signal: controller.signal, ...deadline }));
    const outcome = asking.then(
      ({ value, cached }) => this.#served(value, cached, asked),
      (error: unknown) => {
        this.settled.failed += 1;
        if (!(error instanceof GuestpassError)) this.faults.push(`rejected with ${String(error)}`);
      },
    );
    this.outcomes.push(outcome);
  }

  #served(value: string, cached: boolean, asked: { readonly turn: number; readonly ms: number }): void {
    this.settled.served += 1;
    this.#seen.push(value);
    const droppedAt = this.#droppedAt.get(value) ?? 0;
    const origins = this.#issued.filter(
      (one) => one.value === value && (droppedAt > asked.turn || one.askedAt > droppedAt),
    );
    if (origins.length === 0) this.faults.push(`${value} was served after it was dropped`);
    if (cached && !origins.some(({ receivedAtMs }) => asked.ms < receivedAtMs + usableMs)) {
      this.faults.push(`${value} was served after its time`);
    }
  }

  #drop(value: string): void {
    this.#droppedAt.set(value, ++this.#turn);
    this.tokens.drop(value);
  }

  async #request(signal: AbortSignal): Promise<IssuedToken> {
    this.#inAir += 1;
    if (this.#inAir > 1) this.faults.push('two requests were in the air');
    const askedAt = ++this.#turn;
    const index = this.#requests++;
    const answer = this.#answers[index % this.#answers.length];
    const given = this.#scheduler.schedule(Promise.resolve(), `answer ${index} ${answer}`);
    try {
      await Promise.race([given, rejectedBy(signal)]);
    } finally {
      this.#inAir -= 1;
    }
    if (answer === 'down') throw new GuestpassError('platform_unavailable', 'Down.');
    if (answer === 'rejected') throw new GuestpassError('credentials_rejected', 'Wrong.');
    const value = (answer === 'same' && this.#issued.at(-1)?.value) || `token-${index}`;
    this.#issued.push({ value, askedAt, receivedAtMs: this.clock.monotonic() });
    return { value, lifetimeMs, tries: [] };
  }
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
}

// A rejection nobody handles fails the whole run, so it needs no check of its own here.
test('however gets, drops, aborts, answers and time interleave, one request flies and no dead token is served', async () => {
  const seen = { served: 0, failed: 0 };
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), answers, actions, async (scheduler, given, steps) => {
      const world = new World(scheduler, given);
      scheduler.scheduleSequence(
        steps.map((step) => ({ label: JSON.stringify(step), builder: () => world.act(step) })),
      );
      await scheduler.waitIdle();
      await Promise.all(world.outcomes);
      await world.tokens.close();
      expect(world.faults).toEqual([]);
      expect(world.clock.pending).toBe(0);
      seen.served += world.settled.served;
      seen.failed += world.settled.failed;
    }),
    { numRuns: 2_000 },
  );
  // The worlds above are worth something only if both ends are reached often.
  expect(seen.served).toBeGreaterThan(2_000);
  expect(seen.failed).toBeGreaterThan(500);
});
