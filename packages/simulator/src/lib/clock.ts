/** What the simulator asks of time. Any clock with these two functions will do. */
export interface SimulatorClock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls `then` once after `delayMs` unless the returned function was called before. */
  after(delayMs: number, then: () => void): () => void;
}

/** `setTimeout` fires at once when asked for more than this. */
const longestTimerMs = 2_147_483_647;

/** Real time: the one door to it in this package. */
export const systemClock: SimulatorClock = {
  now: () => Date.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, Math.min(delayMs, longestTimerMs));
    return () => clearTimeout(timer);
  },
};
