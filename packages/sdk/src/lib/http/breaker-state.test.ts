import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Breaker, type BreakerState, createBreaker, type Sign } from './breaker-state.ts';

/** Lets calls go and end at that instant, as far as they may go. */
function end(breaker: Breaker, sign: Sign, { count = 1, at = 0 } = {}): void {
  for (let call = 0; call < count; call += 1) {
    const pass = breaker.enter(at);
    if (pass !== 'none') breaker.ended(pass, sign, at);
  }
}

/** A breaker that opened at 0. */
function opened(): Breaker {
  const breaker = createBreaker();
  end(breaker, 'unconnected', { count: 5 });
  return breaker;
}

test('it opens at the twentieth call of ten seconds when half of them failed, and not before', () => {
  const breaker = createBreaker();
  end(breaker, 'success', { count: 10 });
  end(breaker, 'failure', { count: 9, at: 9_000 });
  expect([breaker.state, breaker.waitAt(9_000)]).toEqual(['closed', 0]);
  end(breaker, 'failure', { at: 9_999 });
  expect([breaker.state, breaker.waitAt(9_999), breaker.enter(9_999)]).toEqual(['open', 5_000, 'none']);
});

test('fewer failures than half leave it closed', () => {
  const breaker = createBreaker();
  end(breaker, 'success', { count: 101 });
  end(breaker, 'failure', { count: 100 });
  expect(breaker.state).toBe('closed');
});

test('calls of more than ten seconds ago count no more', () => {
  const breaker = createBreaker();
  end(breaker, 'failure', { count: 19 });
  end(breaker, 'failure', { at: 10_000 });
  end(breaker, 'failure', { count: 18, at: 1e9 });
  expect(breaker.state).toBe('closed');
});

test('five connections in a row that do not come about open it', () => {
  const breaker = createBreaker();
  end(breaker, 'unconnected', { count: 4 });
  end(breaker, 'reached');
  end(breaker, 'unconnected', { count: 4 });
  end(breaker, 'nothing');
  expect(breaker.state).toBe('closed');
  end(breaker, 'unconnected');
  expect(breaker.state).toBe('open');
});

test('answers that are no fault of the upstream open it never, however many', () => {
  const breaker = createBreaker();
  end(breaker, 'reached', { count: 1_000 });
  end(breaker, 'nothing', { count: 1_000 });
  end(breaker, 'failure', { count: 19 });
  expect(breaker.state).toBe('closed');
});

test('after its time one call alone goes, and its success closes it', () => {
  const breaker = opened();
  expect([breaker.waitAt(4_999), breaker.enter(4_999)]).toEqual([1, 'none']);
  expect([breaker.waitAt(5_000), breaker.state]).toEqual([0, 'open']);
  expect([breaker.enter(5_000), breaker.enter(5_000), breaker.state]).toEqual(['probe', 'none', 'half-open']);
  expect(breaker.waitAt(5_000)).toBe(1_000);
  breaker.ended('probe', 'success', 5_100);
  expect([breaker.state, breaker.enter(5_100), breaker.enter(5_100)]).toEqual(['closed', 'call', 'call']);
});

test('each failed probe doubles the time, up to a minute, and a success begins anew', () => {
  const breaker = opened();
  const waits: number[] = [];
  let now = 0;
  for (let probe = 0; probe < 6; probe += 1) {
    waits.push(breaker.waitAt(now));
    now += breaker.waitAt(now);
    end(breaker, 'failure', { at: now });
  }
  expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  now += 60_000;
  end(breaker, 'reached', { at: now });
  expect(breaker.state).toBe('closed');
  end(breaker, 'unconnected', { count: 5, at: now });
  expect(breaker.waitAt(now)).toBe(5_000);
});

test('a probe that says nothing leaves the place to the next one, and so does one that never ends', () => {
  const breaker = opened();
  expect(breaker.enter(5_000)).toBe('probe');
  breaker.ended('probe', 'nothing', 5_010);
  expect(breaker.enter(5_010)).toBe('probe');
  expect([breaker.enter(65_009), breaker.enter(65_010)]).toEqual(['none', 'probe']);
});

test('calls from before it opened decide nothing while it is open', () => {
  const breaker = createBreaker();
  const early = breaker.enter(0);
  end(breaker, 'unconnected', { count: 5 });
  breaker.ended(early, 'success', 1_000);
  expect(breaker.state).toBe('open');
  expect(breaker.enter(5_000)).toBe('probe');
  breaker.ended(early, 'success', 5_000);
  expect(breaker.state).toBe('half-open');
});

test('each change is told once', () => {
  const told: BreakerState[] = [];
  const breaker = createBreaker({ onChange: (state) => told.push(state) });
  end(breaker, 'unconnected', { count: 7 });
  end(breaker, 'failure', { at: 5_000 });
  end(breaker, 'success', { count: 2, at: 15_000 });
  expect(told).toEqual(['open', 'half-open', 'open', 'half-open', 'closed']);
});

/** The rules, told slowly: every call that ended is remembered. */
function createModel() {
  let calls: { readonly at: number; readonly failed: boolean }[] = [];
  let row = 0;
  let openUntil: number | undefined;
  let openMs = 0;
  const open = (now: number, spanMs: number) => {
    openMs = spanMs;
    openUntil = now + spanMs;
  };
  return {
    /** Whether a call that comes and ends at once may go; takes in how it ended. */
    call(sign: Sign, now: number): boolean {
      const failed = sign === 'failure' || sign === 'unconnected';
      if (openUntil !== undefined) {
        if (now < openUntil) return false;
        if (failed) open(now, Math.min(60_000, openMs * 2));
        else if (sign !== 'nothing') [openUntil, calls, row] = [undefined, [], 0];
        // Half-open, the next one may go at once.
        else openUntil = now;
        return true;
      }
      if (sign === 'nothing') return true;
      row = sign === 'unconnected' ? row + 1 : 0;
      if (sign !== 'reached') calls.push({ at: Math.floor(now / 1_000), failed });
      const recent = calls.filter(({ at }) => Math.floor(now / 1_000) - at < 10);
      const failures = recent.filter((one) => one.failed).length;
      if (row >= 5 || (recent.length >= 20 && failures * 2 >= recent.length)) open(now, 5_000);
      return true;
    },
  };
}

test('whatever comes, it lets go what a plain telling of its rules lets go', () => {
  const signs = fc.constantFrom<Sign>('success', 'reached', 'failure', 'failure', 'unconnected', 'nothing');
  const step = fc.record({
    sign: signs,
    count: fc.integer({ min: 1, max: 12 }),
    passedMs: fc.oneof(fc.nat({ max: 1_500 }), fc.nat({ max: 70_000 })),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [breaker, model] = [createBreaker(), createModel()];
      let now = 0;
      for (const { sign, count, passedMs } of steps) {
        now += passedMs;
        for (let call = 0; call < count; call += 1) {
          const pass = breaker.enter(now);
          expect(pass !== 'none').toBe(model.call(sign, now));
          expect(breaker.waitAt(now) > 0 && breaker.state === 'closed').toBe(false);
          breaker.ended(pass, sign, now);
        }
      }
    }),
    { numRuns: 300 },
  );
});
