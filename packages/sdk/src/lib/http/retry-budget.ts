/**
 * Bounds the repeats of all calls to one upstream together, so that a platform in trouble is not asked four times as
 * often. Holds 100 at the start and at most; a repeat costs 10, a success gives 1, and below 50 nothing is repeated.
 */
export interface RetryBudget {
  /** Pays for one repeat; false when there is none to be had. */
  take(): boolean;
  /** Tells of a success. */
  earn(): void;
}

/** A budget that is full. */
export function createRetryBudget(): RetryBudget {
  let left = most;
  return {
    take() {
      if (left < least) return false;
      left -= cost;
      return true;
    },
    earn() {
      if (left < most) left += 1;
    },
  };
}

const most = 100;
const least = 50;
const cost = 10;
