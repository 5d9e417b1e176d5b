import type { Clock } from 'guestpass';
import type { TryEnd } from '../store/endpoints.ts';

/** How fast a receiver that failed is asked. All instants are milliseconds by the monotonic clock. */
export interface Pace {
  /** When it answered well again; `undefined` as long as it fails. */
  readonly risesFromMs: number | undefined;
  /** When it may be asked next. */
  readonly nextAtMs: number;
}

/** Deliveries a second to a receiver whose last try failed. */
const slowest = 20;

/** The rate doubles once in this span. */
const stepMs = 1_000;

/** A rate above this is no limit any more. */
const fastest = 1_000;

/** Deliveries a second at an instant; `undefined` when there is no limit. */
export function rateAt({ risesFromMs }: Pace, nowMs: number): number | undefined {
  if (risesFromMs === undefined) return slowest;
  const rate = slowest * 2 ** Math.floor(Math.max(0, nowMs - risesFromMs) / stepMs);
  return rate > fastest ? undefined : rate;
}

/** What the end of a try makes of a pace; `undefined` is that of a receiver in good health. */
export function paceAfter(pace: Pace | undefined, end: TryEnd, nowMs: number): Pace | undefined {
  // What it turns down says nothing of what it can take.
  if (end === 'turned down') return pace;
  if (end === 'failed') return { risesFromMs: undefined, nextAtMs: pace?.nextAtMs ?? nowMs };
  if (pace?.risesFromMs !== undefined) return rateAt(pace, nowMs) === undefined ? undefined : pace;
  return pace && { ...pace, risesFromMs: nowMs };
}

/** Takes the next turn: when it is, and the pace for those after it. */
export function takeTurn(pace: Pace, nowMs: number): { readonly atMs: number; readonly pace: Pace | undefined } {
  const atMs = Math.max(nowMs, pace.nextAtMs);
  const rate = rateAt(pace, atMs);
  if (rate === undefined) return { atMs: nowMs, pace: undefined };
  return { atMs, pace: { ...pace, nextAtMs: atMs + 1_000 / rate } };
}

/** Keeps the backlog of an outage from felling the receiver again that just came back. Each process keeps its own. */
export interface ReceiverPace {
  /** Takes a turn: milliseconds to wait for it. A receiver that others saw failing last `isUnwell`. */
  waitMs(endpointId: string, isUnwell: boolean): number;
  /** Told how a try ended. */
  ended(endpointId: string, end: TryEnd): void;
}

export function createReceiverPace(clock: Clock): ReceiverPace {
  const paces = new Map<string, Pace>();
  const keep = (endpointId: string, pace: Pace | undefined) => {
    if (pace) paces.set(endpointId, pace);
    else paces.delete(endpointId);
  };
  return {
    waitMs(endpointId, isUnwell) {
      const nowMs = clock.monotonic();
      const pace = paces.get(endpointId) ?? (isUnwell ? paceAfter(undefined, 'failed', nowMs) : undefined);
      if (!pace) return 0;
      const turn = takeTurn(pace, nowMs);
      keep(endpointId, turn.pace);
      return turn.atMs - nowMs;
    },
    ended(endpointId, end) {
      keep(endpointId, paceAfter(paces.get(endpointId), end, clock.monotonic()));
    },
  };
}
