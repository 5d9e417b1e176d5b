import { type Clock, sleep } from '../clock.ts';
import { GuestpassError } from '../errors.ts';
import { type Exchange, ExchangeError, type HttpRequest } from './exchange.ts';
import { createSchedule } from './schedule.ts';

/** How many calls there may be in a while. */
export interface PaceOptions {
  readonly clock: Clock;
  /** Requests the platform allows per minute; its own `inin-ratelimit-allowed` replaces the figure once it is known. */
  readonly requestsPerMinute: number;
  /** Requests that may go at once after a rest. Default what ten seconds allow, at least 1. */
  readonly burst?: number | undefined;
  /** Turns that must be had beside our own, when other processes use the same OAuth client. Default none. */
  readonly turns?: SharedTurns | undefined;
}

/** Turns that processes with one OAuth client share. */
export interface SharedTurns {
  /** Takes the next turn. Must not reject: who cannot share goes on alone. */
  take(): Promise<SharedTurn>;
}

/** One turn that was had. */
export interface SharedTurn {
  /** How long to wait for it, in milliseconds. */
  readonly waitMs: number;
  /** Leaves it to the next call of this process. */
  giveBack(): void;
}

/**
 * Keeps our own requests within the platform's requests per minute. Callers wait their turn, first come first served;
 * nobody waits longer than 60 seconds. Learns from `inin-ratelimit-*` headers and from 429 answers. With
 * `requestsPerMinute: Infinity` the exchange is returned unchanged.
 *
 * @throws GuestpassError `rate_limited` at once when the wait is longer than that or does not fit before the deadline;
 * `config_invalid` for a rate that is not above 0.
 * @throws ExchangeError `aborted` when the request's signal aborts the wait; its turn is then lost.
 */
export function withPace(exchange: Exchange, options: PaceOptions): Exchange {
  const { clock, requestsPerMinute, turns } = options;
  if (requestsPerMinute === Number.POSITIVE_INFINITY) return exchange;
  const { burst = Math.max(1, Math.floor(requestsPerMinute / 6)) } = options;
  if (!(requestsPerMinute > 0 && burst >= 1)) {
    throw new GuestpassError('config_invalid', 'The rate must be above 0 requests per minute, the burst at least 1.');
  }
  const schedule = createSchedule({ requestsPerMinute, burst });
  return async (request) => {
    const turn = turns && (await turns.take());
    const now = clock.monotonic();
    const waitMs = Math.max(schedule.waitAt(now), turn?.waitMs ?? 0);
    if (waitMs > 0) {
      if (!fits(waitMs, request, now)) {
        turn?.giveBack();
        throw tooLong(waitMs);
      }
      schedule.reserve(now);
      await waitTurn(waitMs, request, clock);
    } else {
      schedule.reserve(now);
    }
    const response = await exchange(request);
    schedule.learn(response, clock.monotonic());
    return response;
  };
}

const longestWaitMs = 60_000;
/** Time the request itself needs before the deadline. */
const reserveMs = 200;

function fits(waitMs: number, { deadlineAt }: HttpRequest, now: number): boolean {
  return waitMs <= longestWaitMs && (deadlineAt === undefined || now + waitMs + reserveMs <= deadlineAt);
}

function tooLong(waitMs: number): GuestpassError {
  return new GuestpassError('rate_limited', 'Our own pace leaves no turn for this request in time; it was not sent.', {
    retryAfterMs: Math.ceil(waitMs),
  });
}

async function waitTurn(waitMs: number, { signal }: HttpRequest, clock: Clock): Promise<void> {
  try {
    await sleep(clock, waitMs, signal);
  } catch (cause) {
    throw new ExchangeError('aborted', { sent: 'no', cause });
  }
}
