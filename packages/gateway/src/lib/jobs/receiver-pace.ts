import type { Clock } from 'guestpass';
import type { TryEnd } from '../store/endpoints.ts';

/** How fast a receiver that failed is asked. All instants are milliseconds by the monotonic clock. */
export interface Pace {
  /** The share of tries that failed, 0 to 1; the last ones count most. */
  readonly failing: number;
  /** Deliveries a second at `sinceMs`. */
  readonly rate: number;
  /** When the last try ended that told anything. */
  readonly sinceMs: number;
  /** When it may be asked next. */
  readonly nextAtMs: number;
  /** Until when it asked to be left alone, last of all. */
  readonly restUntilMs: number;
}

/** How a try ended. */
export interface PacedEnd {
  readonly end: TryEnd;
  /** How long the receiver asks to be left alone, in milliseconds; 0 when it asks for less and does not say. Default it does not. */
  readonly restMs?: number | undefined;
}

/** Deliveries a second to a receiver that fails at least every other one, or asked for less. */
const slowest = 20;

/** Deliveries a second to one that fails so seldom that it is no reason to slow down. A rate so high is no limit. */
const fastest = 1_000;

/** Deliveries a second fall evenly from `fastest` at the one share to `slowest` at the other. */
const seldom = 0.1;
const often = 0.5;

/** The rate doubles once in this span at most. */
const stepMs = 1_000;

/** A share is that of about so many tries. */
const memory = 32;

/** However long a receiver asks to be left alone, it is asked again after this. */
const longestRestMs = 3_600_000;

/** Deliveries a second at an instant; `undefined` when there is no limit. */
export function rateAt(pace: Pace, nowMs: number): number | undefined {
  const rate = risen(pace, nowMs);
  return rate < fastest ? rate : undefined;
}

function risen({ failing, rate, sinceMs }: Pace, nowMs: number): number {
  return Math.min(mostAt(failing), rate * 2 ** (Math.max(0, nowMs - sinceMs) / stepMs));
}

function mostAt(failing: number): number {
  const part = Math.min(1, Math.max(0, (often - failing) / (often - seldom)));
  return slowest + part * (fastest - slowest);
}

/** The pace of a receiver that this process knows nothing of, and others saw failing. */
export function unwellPace(nowMs: number): Pace {
  return { failing: 1, rate: slowest, sinceMs: nowMs, nextAtMs: nowMs, restUntilMs: nowMs };
}

/**
 * What the end of a try makes of a pace; `undefined` is that of a receiver that never failed. The rate falls at once to
 * what the share of failures allows, and rises in time.
 */
export function paceAfter(pace: Pace | undefined, { end, restMs }: PacedEnd, nowMs: number): Pace | undefined {
  // What it turns down says nothing of what it can take.
  if (end === 'turned down' && restMs === undefined) return pace;
  if (end === 'delivered' && !pace) return undefined;
  const before = pace ?? { ...unwellPace(nowMs), failing: 0, rate: fastest };
  const share = before.failing + ((end === 'delivered' ? 0 : 1) - before.failing) / memory;
  const failing = restMs === undefined ? share : Math.max(share, often);
  const restUntilMs = restMs
    ? Math.max(before.restUntilMs, nowMs + Math.min(restMs, longestRestMs))
    : before.restUntilMs;
  const nextAtMs = Math.max(before.nextAtMs, nowMs, restUntilMs);
  return { failing, rate: Math.min(mostAt(failing), risen(before, nowMs)), sinceMs: nowMs, nextAtMs, restUntilMs };
}

/** Takes the next turn: when it is, and the pace for those after it. */
export function takeTurn(pace: Pace, nowMs: number): { readonly atMs: number; readonly pace: Pace } {
  const atMs = Math.max(nowMs, pace.nextAtMs);
  const rate = rateAt(pace, atMs);
  return { atMs, pace: { ...pace, nextAtMs: rate === undefined ? atMs : atMs + 1_000 / rate } };
}

/** Keeps the backlog of an outage from felling the receiver again that just came back. Each process keeps its own. */
export interface ReceiverPace {
  /**
   * Takes a turn: milliseconds to wait for it, a second at most; `undefined` while the receiver is to be left alone. One
   * that this process did not ask lately begins slowly when it `isUnwell`: others saw it failing last.
   */
  waitMs(endpointId: string, isUnwell: boolean): number | undefined;
  /** Until when a receiver asked last to be left alone: whoever waits for a turn while that changes has lost it. */
  restUntilMs(endpointId: string): number | undefined;
  /** Told how a try ended. */
  ended(endpointId: string, end: PacedEnd): void;
  /** The receivers that are to be left alone now. */
  resting(): readonly string[];
}

/** A turn that is further away is a rest, in milliseconds. */
const longestWaitMs = 1_000;

/** What this process saw longer ago says less than what others saw since, in milliseconds. */
const lateMs = 10_000;

export function createReceiverPace(clock: Clock): ReceiverPace {
  const paces = new Map<string, Pace>();
  const rests = ({ nextAtMs }: Pace) => nextAtMs - clock.monotonic() > longestWaitMs;

  const paceOf = (endpointId: string, isUnwell: boolean, nowMs: number) => {
    const known = paces.get(endpointId);
    if (known && Math.max(known.sinceMs, known.nextAtMs) + lateMs > nowMs) return known;
    return isUnwell ? unwellPace(nowMs) : undefined;
  };

  return {
    waitMs(endpointId, isUnwell) {
      const nowMs = clock.monotonic();
      const pace = paceOf(endpointId, isUnwell, nowMs);
      if (!pace) {
        paces.delete(endpointId);
        return 0;
      }
      if (rests(pace)) return undefined;
      const turn = takeTurn(pace, nowMs);
      paces.set(endpointId, turn.pace);
      return turn.atMs - nowMs;
    },
    restUntilMs: (endpointId) => paces.get(endpointId)?.restUntilMs,
    ended(endpointId, end) {
      const pace = paceAfter(paces.get(endpointId), end, clock.monotonic());
      if (pace) paces.set(endpointId, pace);
    },
    resting: () => [...paces].flatMap(([endpointId, pace]) => (rests(pace) ? [endpointId] : [])),
  };
}
