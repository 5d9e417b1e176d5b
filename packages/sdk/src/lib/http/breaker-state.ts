/** `half-open`: its time is up, and one call is let through to see whether the upstream is back. */
export type BreakerState = 'closed' | 'open' | 'half-open';

/** What a call may do: go, go as the one that decides, or not go. */
export type Pass = 'call' | 'probe' | 'none';

/**
 * What the end of a call says of the upstream. `reached` is an answer that is no success and no fault of its own, such
 * as 429; `unconnected` a connection that did not come about; `nothing` what was our doing or the caller's.
 */
export type Sign = 'success' | 'reached' | 'failure' | 'unconnected' | 'nothing';

/** Who is told of a breaker. */
export interface BreakerStateOptions {
  /** Told of each change. Must not throw. Default nobody is. */
  readonly onChange?: ((state: BreakerState) => void) | undefined;
}

/**
 * Decides whether an upstream is asked at all. Opens when half of at least 20 calls of the last ten seconds failed, or
 * when five in a row did not connect; stays open for 5 seconds, and twice as long, up to 60, after each probe that
 * fails. All instants are of one monotonic clock, in milliseconds.
 */
export interface Breaker {
  readonly state: BreakerState;
  /** How long until a call may go, in milliseconds; 0 when one may go now. Changes nothing. */
  waitAt(now: number): number;
  /** Asks to go. Whoever gets a pass tells {@link Breaker.ended}. */
  enter(now: number): Pass;
  /** Takes in how a call ended. One that was begun before the breaker opened decides nothing any more. */
  ended(pass: Pass, sign: Sign, now: number): void;
}

/** A breaker that is closed. */
export function createBreaker({ onChange }: BreakerStateOptions = {}): Breaker {
  const recent = createRecentCalls();
  let state: BreakerState = 'closed';
  let unconnected = 0;
  let openMs = firstOpenMs;
  let openUntil = 0;
  /** Until then nobody else probes. */
  let probeUntil = 0;

  const change = (to: BreakerState) => {
    state = to;
    onChange?.(to);
  };

  const open = (now: number, spanMs: number) => {
    openMs = spanMs;
    openUntil = now + spanMs;
    change('open');
  };

  const close = () => {
    unconnected = 0;
    recent.clear();
    change('closed');
  };

  const probed = (sign: Sign, now: number) => {
    if (sign === 'nothing') probeUntil = now;
    else if (isFailure(sign)) open(now, Math.min(openMs * 2, longestOpenMs));
    else close();
  };

  const count = (sign: Sign, now: number) => {
    if (sign === 'nothing') return;
    unconnected = sign === 'unconnected' ? unconnected + 1 : 0;
    if (sign !== 'reached') recent.add(isFailure(sign), now);
    if (unconnected >= mostUnconnected || recent.areFailing()) open(now, firstOpenMs);
  };

  const waitAt = (now: number): number => {
    if (state === 'closed') return 0;
    if (state === 'open') return Math.max(0, openUntil - now);
    return now < probeUntil ? probeWaitMs : 0;
  };

  return {
    get state() {
      return state;
    },
    waitAt,
    enter(now) {
      if (state === 'closed') return 'call';
      if (waitAt(now) > 0) return 'none';
      probeUntil = now + longestProbeMs;
      if (state === 'open') change('half-open');
      return 'probe';
    },
    ended(pass, sign, now) {
      if (pass === 'call' && state === 'closed') count(sign, now);
      if (pass === 'probe' && state === 'half-open') probed(sign, now);
    },
  };
}

const mostUnconnected = 5;
const firstOpenMs = 5_000;
const longestOpenMs = 60_000;
/** A probe that never ends bars the others no longer than this. */
const longestProbeMs = 60_000;
/** What callers are told to wait while somebody probes: how long that takes nobody knows. */
const probeWaitMs = 1_000;

function isFailure(sign: Sign): boolean {
  return sign === 'failure' || sign === 'unconnected';
}

const windowSeconds = 10;
const fewestCalls = 20;

/** Counts calls by the second, and forgets those older than ten. */
function createRecentCalls() {
  const calls = new Uint32Array(windowSeconds);
  const failures = new Uint32Array(windowSeconds);
  let [allCalls, allFailures, second] = [0, 0, 0];

  const clear = () => {
    calls.fill(0);
    failures.fill(0);
    [allCalls, allFailures] = [0, 0];
  };

  const forget = (slot: number) => {
    allCalls -= calls[slot] ?? 0;
    allFailures -= failures[slot] ?? 0;
    calls[slot] = 0;
    failures[slot] = 0;
  };

  const moveTo = (at: number) => {
    if (at - second >= windowSeconds) clear();
    else for (let passed = second + 1; passed <= at; passed += 1) forget(passed % windowSeconds);
    second = at;
  };

  return {
    clear,
    add(failed: boolean, now: number) {
      const at = Math.floor(now / 1_000);
      if (at > second) moveTo(at);
      const slot = second % windowSeconds;
      calls[slot] = (calls[slot] ?? 0) + 1;
      allCalls += 1;
      if (!failed) return;
      failures[slot] = (failures[slot] ?? 0) + 1;
      allFailures += 1;
    },
    areFailing: () => allCalls >= fewestCalls && allFailures * 2 >= allCalls,
  };
}
