import { type Fault, GuestpassError } from '../errors.ts';
import type { Delivery } from './deliver.ts';
import { isTimeout } from './delivery-failure.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** The delay before each attempt, in milliseconds, as Standard Webhooks 1.0 suggests: ten attempts in 75 hours. */
export const defaultSchedule: readonly number[] = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/**
 * Checks a schedule: 1 to 50 delays in milliseconds, each 1 second to 7 days; the first may be 0.
 *
 * @throws GuestpassError `config_invalid` with a fault for each delay that is not usable.
 */
export function parseSchedule(delaysMs: readonly number[]): readonly number[] {
  if (delaysMs.length < 1 || delaysMs.length > 50) {
    throw new GuestpassError('config_invalid', 'A schedule of webhook attempts needs 1 to 50 delays.');
  }
  const faults: Fault[] = delaysMs.flatMap((delayMs, index) => {
    const usable = (index === 0 && delayMs === 0) || (delayMs >= second && delayMs <= 7 * day);
    return usable ? [] : [{ pointer: `/${index}`, detail: 'must be 1 second to 7 days, in milliseconds' }];
  });
  if (faults.length > 0) {
    throw new GuestpassError('config_invalid', 'A delay of the schedule of webhook attempts is out of range.', {
      faults,
    });
  }
  return [...delaysMs];
}

/** What the next attempt depends on. */
export interface NextDelayOptions {
  /** Draws the jitter; 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
  /** What became of the attempt before. */
  readonly lastResult?: Delivery | undefined;
  /** Default {@link defaultSchedule}. */
  readonly schedule?: readonly number[] | undefined;
}

/**
 * How long to wait before the next attempt, in whole milliseconds, when `attempt` of them were made already;
 * `undefined` when there is none. The schedule's own delays vary by 20 % either way. A receiver's Retry-After replaces
 * a shorter delay, up to twice as long or one hour, whichever is more. After a timeout or a 429 it is at least a minute.
 */
export function nextDelayMs(attempt: number, options: NextDelayOptions): number | undefined {
  const { random, lastResult, schedule = defaultSchedule } = options;
  const baseMs = schedule[attempt];
  if (baseMs === undefined || (lastResult && lastResult.result !== 'retry')) return undefined;
  const draw = random();
  const delayMs = ownOrAskedMs(baseMs, { askedMs: lastResult?.retryAfterMs, draw });
  if (!lastResult || !isOverloaded(lastResult)) return Math.round(delayMs);
  // Spread out, or all that failed together would come back together.
  return Math.round(Math.max(delayMs, minute * (1 + 0.2 * draw)));
}

function ownOrAskedMs(
  baseMs: number,
  { askedMs, draw }: { readonly askedMs: number | undefined; readonly draw: number },
) {
  if (askedMs === undefined) return baseMs * (0.8 + 0.4 * draw);
  // The receiver asked for patience, so jitter may only add to our own delay.
  if (askedMs <= baseMs) return baseMs * (1 + 0.2 * draw);
  return Math.min(askedMs, Math.max(2 * baseMs, hour));
}

function isOverloaded({ status, failure }: Delivery): boolean {
  return status === 429 || (failure !== undefined && isTimeout(failure));
}
