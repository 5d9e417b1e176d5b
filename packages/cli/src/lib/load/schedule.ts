/** When guests come, whatever becomes of those before them (an open model). */
export interface Schedule {
  /** Guests in all. */
  readonly total: number;
  /** When the guest of this number comes, counted from 1, in milliseconds from the start. */
  at(number: number): number;
}

export interface ScheduleOptions {
  /** Guests a second, once the ramp is climbed. */
  readonly perSecond: number;
  readonly durationMs: number;
  /** How long the rate climbs from nothing, in milliseconds. */
  readonly rampMs: number;
}

/** The rate climbs in a straight line and then stays. */
export function createSchedule({ perSecond, durationMs, rampMs }: ScheduleOptions): Schedule {
  const perMs = perSecond / 1_000;
  const climbMs = Math.min(rampMs, durationMs);
  const onTheWayUp = rampMs > 0 ? (perMs * climbMs * climbMs) / (2 * rampMs) : 0;
  // A hair more, so that 10 a second for 3 seconds are 30 and not 29.999….
  const total = Math.floor(onTheWayUp + perMs * (durationMs - climbMs) + 1e-9);
  return {
    total,
    at: (number) =>
      number <= onTheWayUp ? Math.sqrt((2 * rampMs * number) / perMs) : climbMs + (number - onTheWayUp) / perMs,
  };
}
