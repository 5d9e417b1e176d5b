import { channel } from 'node:diagnostics_channel';
import type { Clock } from '../clock.ts';
import { isGuestpassError } from '../errors.ts';
import { correlationIdOf } from './correlation-id.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from './exchange.ts';
import { notify } from './notify.ts';

/** One try of a request, as it is told to observers. Holds no header and no body. */
export interface ExchangeEvent {
  /** What the request was for, such as `token` or `guest`. */
  readonly operation: string;
  readonly method: string;
  /** Origin and path; the query is left out. */
  readonly url: string;
  /** The status, when an answer came. */
  readonly status?: number;
  /** The failure's name, when none came. */
  readonly failure?: string;
  readonly durationMs: number;
  /** How often the request was sent before: 0 for a first try, more for a repeat. */
  readonly resends: number;
  /** The platform's id for the request, when it gave one. */
  readonly correlationId?: string;
}

/** What tries are told as, and to whom. */
export interface ObserverOptions {
  readonly operation: string;
  readonly clock: Clock;
  /** Told of each try beside the channel's subscribers. It may throw; it cannot change anything. */
  readonly listener?: ((event: ExchangeEvent) => void) | undefined;
}

/**
 * Name of the `node:diagnostics_channel` on which each try is published as an {@link ExchangeEvent}.
 *
 * @example subscribe(exchangeChannel, (event) => log.info(event as ExchangeEvent));
 */
export const exchangeChannel = 'guestpass:exchange';

/** Tells of each try. Costs next to nothing while nobody listens. */
export function withObserver(exchange: Exchange, options: ObserverOptions): Exchange {
  const events = channel(exchangeChannel);
  const { operation, clock, listener } = options;

  const tell = (event: ExchangeEvent) => {
    if (events.hasSubscribers) events.publish(event);
    notify(listener, event);
  };

  const observed: Exchange = async (request) => {
    const startedAt = clock.monotonic();
    const about = () => {
      const { resends = 0 } = request;
      return { operation, ...targetOf(request), durationMs: clock.monotonic() - startedAt, resends };
    };
    try {
      const response = await exchange(request);
      tell({ ...about(), status: response.status, ...correlationOf(response) });
      return response;
    } catch (error) {
      tell({ ...about(), failure: failureOf(error) });
      throw error;
    }
  };

  return (request) => (listener || events.hasSubscribers ? observed(request) : exchange(request));
}

/** Method, origin and path: what may be told of where a request goes. */
export function targetOf({ method, url }: HttpRequest): { readonly method: string; readonly url: string } {
  const target = URL.parse(url);
  return { method, url: target ? target.origin + target.pathname : '' };
}

/** The platform's id for the request, when it gave one. */
export function correlationOf({ headers }: HttpResponse): { readonly correlationId?: string } {
  const correlationId = correlationIdOf(headers);
  return correlationId === undefined ? {} : { correlationId };
}

/** The name of what went wrong. */
export function failureOf(error: unknown): string {
  if (error instanceof ExchangeError) return error.failure;
  return isGuestpassError(error) ? error.code : 'error';
}
