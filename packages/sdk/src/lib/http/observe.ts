import { channel } from 'node:diagnostics_channel';
import type { Clock } from '../clock.ts';
import { isGuestpassError } from '../errors.ts';
import { correlationIdOf } from './correlation-id.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse, type Try } from './exchange.ts';
import { notify } from './notify.ts';
import type { TryEnded } from './trace-context.ts';

/**
 * One try of a request, as it is told to observers: of one over HTTP, or of a session of web messaging, from the upgrade
 * to the platform's answer. Holds no header, no body and no frame.
 */
export interface ExchangeEvent {
  /** What the request was for, such as `token` or `guest`. */
  readonly operation: string;
  readonly method: string;
  /** Origin and path; the query is left out. */
  readonly url: string;
  /** The status, when an answer came; of a session that of the refused upgrade, or else the code of the answer. */
  readonly status?: number;
  /** The failure's name, when none came; `code_4000` and the like when web messaging refused a session by such a code. */
  readonly failure?: string;
  readonly durationMs: number;
  /** How often the request was sent before: 0 for a first try, more for a repeat. */
  readonly resends: number;
  /** The try before, of a repeat: why it was sent again. */
  readonly previous?: Try;
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

/** What is told of a try before it is sent. */
export type Sending = Pick<HttpRequest, 'method' | 'url' | 'resends' | 'previous'>;

/** Takes the time of a try that begins. Gives who is to be told how it ended, and nobody while nobody listens. */
export type ObserveTry = (sending: Sending) => ((ended: TryEnded) => void) | undefined;

/** Observes tries that are no exchange; {@link withObserver} is for those that are. */
export function createObserver({ operation, clock, listener }: ObserverOptions): ObserveTry {
  const events = channel(exchangeChannel);
  return (sending) => {
    if (!listener && !events.hasSubscribers) return undefined;
    const startedAt = clock.monotonic();
    return (ended) => {
      const { resends = 0, previous } = sending;
      const durationMs = clock.monotonic() - startedAt;
      const event = { operation, ...targetOf(sending), ...ended, durationMs, resends, ...(previous && { previous }) };
      if (events.hasSubscribers) events.publish(event);
      notify(listener, event);
    };
  };
}

/** Tells of each try. Costs next to nothing while nobody listens. */
export function withObserver(exchange: Exchange, options: ObserverOptions): Exchange {
  const observe = createObserver(options);
  return (request) => {
    const end = observe(request);
    return end ? untilEnd(() => exchange(request), end) : exchange(request);
  };
}

/** Waits for the answer, and tells how the try ended. */
export async function untilEnd(
  send: () => Promise<HttpResponse>,
  end: (ended: TryEnded) => void,
): Promise<HttpResponse> {
  let response: HttpResponse;
  try {
    response = await send();
  } catch (error) {
    end({ failure: failureOf(error) });
    throw error;
  }
  const correlationId = correlationIdOf(response.headers);
  end({ status: response.status, ...(correlationId !== undefined && { correlationId }) });
  return response;
}

/** Method, origin and path: what may be told of where a request goes. */
export function targetOf({ method, url }: Sending): { readonly method: string; readonly url: string } {
  const target = URL.parse(url);
  return { method, url: target ? target.origin + target.pathname : '' };
}

/** The name of what went wrong. */
export function failureOf(error: unknown): string {
  if (error instanceof ExchangeError) return error.failure;
  return isGuestpassError(error) ? error.code : 'error';
}
