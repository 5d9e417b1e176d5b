import { type Clock, GuestpassError, type PipelineOptions, resolveEnvironment } from 'guestpass';
import type { SharedTurns } from 'guestpass/http';
import { defaultRequestsPerMinute } from 'guestpass/pipeline';
import type { Database } from '../database/connect.ts';
import { inTime } from '../in-time.ts';
import { createPlatformTurns, type PlatformTurns } from '../store/platform-turns.ts';
import type { MasterKey } from '../store/seal.ts';

export interface FleetTurnsOptions {
  readonly clock: Clock;
  readonly turns: PlatformTurns;
  /** Calls the platform allows in a minute. */
  readonly requestsPerMinute: number;
  /** Told once each time the turns cannot be shared. Default: nobody is. */
  readonly onDegraded?: (error: unknown) => void;
}

interface ClientTurnsOptions {
  readonly platform: PipelineOptions;
  readonly database: Database;
  readonly masterKey: MasterKey;
  readonly clock: Clock;
  readonly onProblem: (error: unknown) => void;
}

/** The turns of the OAuth client that the options name, for its pipeline; none where calls are not counted. */
export function turnsOfClient(options: ClientTurnsOptions): Pick<PipelineOptions, 'turns'> {
  const { platform, database, masterKey, clock, onProblem } = options;
  const { issuer = 'rest', environment, requestsPerMinute = defaultRequestsPerMinute } = platform;
  if (issuer !== 'rest' || requestsPerMinute === Number.POSITIVE_INFINITY) return {};
  const { apiUrl } = typeof environment === 'string' ? resolveEnvironment(environment) : environment;
  const openTurns = (clientId: string | undefined) => {
    const client = JSON.stringify([apiUrl, clientId]);
    const turns = createPlatformTurns({ database, masterKey, client, intervalMs: 60_000 / requestsPerMinute });
    return { clientId, turns: createFleetTurns({ clock, turns, requestsPerMinute, onDegraded: onProblem }) };
  };
  const clientNow = () => platform.client?.().clientId ?? platform.clientId;
  let open = openTurns(clientNow());
  return {
    turns: {
      take() {
        // The platform counts the calls of each client apart.
        if (clientNow() !== open.clientId) open = openTurns(clientNow());
        return open.turns.take();
      },
    },
  };
}

/** Turns that are left over are not used any more after a rest of so long, in milliseconds. */
const staleMs = 10_000;
/** What the fleet may do at once after a rest: the calls of so long, in milliseconds. */
const burstMs = 10_000;
const patienceMs = 250;
const againMs = 1_000;

/**
 * Hands out turns that were leased some at a time, a second of calls at most, so that few wait for the database. The
 * first call after a rest waits for nobody, and its turn is paid when the lease comes. While the database does not answer, each
 * process keeps its own pace alone.
 */
export function createFleetTurns(options: FleetTurnsOptions): SharedTurns {
  const { clock, turns, requestsPerMinute, onDegraded = () => {} } = options;
  const intervalMs = 60_000 / requestsPerMinute;
  const size = Math.max(1, Math.ceil(requestsPerMinute / 60));
  const toleranceMs = Math.max(0, burstMs - intervalMs);
  /** Instants on the monotonic clock, the next one first. */
  let leased: number[] = [];
  let owed = 0;
  let wanted = 1;
  let takenAt = Number.NEGATIVE_INFINITY;
  let underWay: Promise<void> | undefined;
  let aloneUntil: number | undefined;

  const lease = async () => {
    const count = wanted;
    const late = () => new GuestpassError('storage_unavailable', 'The turns of the platform did not come in time.');
    try {
      const waitMs = await inTime(turns.lease(count), patienceMs, { clock, late });
      const first = clock.monotonic() + waitMs;
      const instants = Array.from({ length: count }, (_, index) => first + index * intervalMs - toleranceMs);
      leased.push(...instants.slice(owed));
      owed = Math.max(0, owed - count);
      wanted = Math.min(size, 2 * count);
      aloneUntil = undefined;
    } catch (error) {
      if (aloneUntil === undefined) onDegraded(error);
      owed = 0;
      aloneUntil = clock.monotonic() + againMs;
    }
  };

  const refill = (): Promise<void> => {
    underWay ??= lease().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };

  const next = async (): Promise<number> => {
    const now = clock.monotonic();
    const isRested = now - takenAt > staleMs;
    takenAt = now;
    if (isRested) {
      leased = [];
      wanted = 1;
    }
    if (aloneUntil !== undefined) {
      if (now >= aloneUntil) void refill();
      return now;
    }
    if (isRested && underWay === undefined) {
      owed = 1;
      void refill();
      return now;
    }
    while (leased.length === 0 && aloneUntil === undefined) await refill();
    if (leased.length <= wanted / 4) void refill();
    return leased.shift() ?? now;
  };

  return {
    async take() {
      const at = await next();
      return { waitMs: Math.max(0, at - clock.monotonic()), giveBack: () => void leased.unshift(at) };
    },
  };
}
