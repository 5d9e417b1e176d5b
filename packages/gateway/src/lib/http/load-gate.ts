import { GuestpassError } from 'guestpass';
import type { Pressure } from './pressures.ts';

export interface LoadGateOptions {
  /** Requests worked on at once. Default 500. */
  readonly maxInFlight?: number;
  /** More are taken only while the event loop is less late than this, in milliseconds. Default 250. */
  readonly maxEventLoopDelayMs?: number;
  /** How late the event loop is, in milliseconds. */
  readonly eventLoopDelayMs: () => number;
  /** Further reasons to take no more, such as a full queue. Default none. */
  readonly pressures?: readonly Pressure[];
  /** 0 (inclusive) to 1 (exclusive); spreads the returns of those turned away. Default `Math.random`. */
  readonly random?: () => number;
}

/** A request that was let in, or why it was not. */
export type Entry =
  | { readonly ok: true; readonly leave: () => void }
  | { readonly ok: false; readonly error: GuestpassError };

/** Turns requests away before anything is done for them, when there is more than can be done in time. */
export interface LoadGate {
  readonly inFlight: number;
  /** Lets one in; `leave` must be called when it is done. Refuses with `overloaded`, to be tried again in 1 to 5 seconds. */
  enter(): Entry;
}

export function createLoadGate(options: LoadGateOptions): LoadGate {
  const { maxInFlight = 500, maxEventLoopDelayMs = 250, eventLoopDelayMs } = options;
  const { pressures = [], random = Math.random } = options;
  let inFlight = 0;

  const reason = (): string | undefined => {
    if (inFlight >= maxInFlight) return `${inFlight} requests are in progress.`;
    if (eventLoopDelayMs() > maxEventLoopDelayMs) return 'The process is late with its work.';
    for (const pressure of pressures) {
      const found = pressure();
      if (found !== undefined) return found;
    }
    return undefined;
  };

  return {
    get inFlight() {
      return inFlight;
    },
    enter() {
      const refused = reason();
      if (refused !== undefined) {
        const retryAfterMs = 1_000 + Math.floor(random() * 4_001);
        return { ok: false, error: new GuestpassError('overloaded', refused, { retryAfterMs }) };
      }
      inFlight += 1;
      let left = false;
      const leave = () => {
        if (!left) inFlight -= 1;
        left = true;
      };
      return { ok: true, leave };
    },
  };
}
