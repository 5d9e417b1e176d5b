import type { Clock, PipelineOptions } from 'guestpass';
import { watchEventLoop } from '../http/event-loop.ts';
import { createFleetRates } from '../http/fleet-rates.ts';
import { createLoadGate, type LoadGate } from '../http/load-gate.ts';
import { memoryPressure, queuePressure } from '../http/pressures.ts';
import { createRateLimits, type GuestRates, type RateLimits } from '../http/rate-limits.ts';
import type { Opened } from '../opened.ts';
import { memoryLimitBytes, residentBytes } from '../process.ts';
import type { AttemptStore } from '../store/attempts.ts';
import type { RateUses } from '../store/rate-uses.ts';
import type { Room } from '../upkeep/room.ts';

/** How much work is taken on at once; beyond it guests are refused with `overloaded`. */
export interface WorkLoad {
  /** Requests worked on at once. Default 500. */
  readonly maxInFlight: number;
  /** How late the event loop may be, in milliseconds. Default 250. */
  readonly maxEventLoopDelayMs: number;
  /** Bytes of memory the process may hold. Default 85 % of what the container or the machine has. */
  readonly maxMemoryBytes: number;
  /** Records that may wait for the database. Default 1,000. */
  readonly maxWaitingRecords: number;
  /** How long a record may wait for the database, in milliseconds. Default 2,000. */
  readonly maxRecordWaitMs: number;
}

export interface GuestLimitsOptions {
  readonly clock: Clock;
  readonly rates?: Partial<GuestRates>;
  readonly load?: Partial<WorkLoad>;
  readonly attempts: AttemptStore;
  readonly rateUses: RateUses;
  /** How long an attempt may take, in milliseconds; its limits take no more than a quarter of it. */
  readonly deadlineMs: number;
  readonly room: Pick<Room, 'backlog' | 'disk'>;
  /** While its bulkhead is full, nobody is let in to be refused there. */
  readonly platform: Pick<PipelineOptions, 'bulkhead'>;
  /** Told when the fleet's counts cannot be reached. */
  readonly onProblem: (error: unknown) => void;
}

/** What keeps a gateway from taking on more than it can do. */
export interface GuestLimits {
  readonly gate: LoadGate;
  readonly guestRates: RateLimits;
  readonly challengeRates: RateLimits;
  /** Of withdrawals, and of those who verify receipts. */
  readonly consentRates: RateLimits;
}

const defaultRates: GuestRates = { address: 10, subnet: 60, channel: 600, total: 3_000 };

/** How long a guest waits for the fleet's counts, in milliseconds. */
const longestPatienceMs = 2_000;

export function openGuestLimits(options: GuestLimitsOptions, opened: Opened): GuestLimits {
  const { clock, rateUses, deadlineMs, onProblem } = options;
  const patienceMs = Math.min(longestPatienceMs, deadlineMs / 4);
  const rates = { ...defaultRates, ...options.rates };
  const store = opened.use(createFleetRates({ clock, shared: rateUses, patienceMs, onDegraded: onProblem }));
  // A visitor may need several challenges for one guest.
  const generous = { ...rates, address: 3 * rates.address, subnet: 3 * rates.subnet };
  return {
    gate: openGate(options, opened),
    guestRates: createRateLimits({ rates, store, kind: 'guests' }),
    challengeRates: createRateLimits({ rates: generous, store, kind: 'challenges' }),
    consentRates: createRateLimits({ rates: generous, store, kind: 'consents' }),
  };
}

function openGate({ clock, attempts, room, platform, load = {} }: GuestLimitsOptions, opened: Opened): LoadGate {
  const { maxWaitingRecords = 1_000, maxRecordWaitMs = 2_000, maxMemoryBytes = 0.85 * memoryLimitBytes() } = load;
  const loop = opened.use(watchEventLoop({ clock }));
  return createLoadGate({
    ...load,
    eventLoopDelayMs: () => loop.delayMs(),
    pressures: [
      memoryPressure({ clock, bytes: residentBytes, maxBytes: maxMemoryBytes }),
      queuePressure({ queue: attempts, maxWaiting: maxWaitingRecords, maxWaitMs: maxRecordWaitMs }),
      room.backlog,
      room.disk,
      () => (platform.bulkhead?.isFull ? 'The platform is slow, and too many wait for it.' : undefined),
    ],
  });
}
