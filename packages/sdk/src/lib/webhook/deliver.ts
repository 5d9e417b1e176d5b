import type { Clock } from '../clock.ts';
import { withDeadline } from '../http/deadline.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { withTrace } from '../http/trace.ts';
import type { TraceTry } from '../http/trace-context.ts';
import { type DeliveryFailure, deliveryFailure } from './delivery-failure.ts';
import { excerptOf } from './response-excerpt.ts';
import { signWebhook, type WebhookMessage } from './sign.ts';

/** A message and where it goes. */
export interface AddressedMessage extends WebhookMessage {
  /** URL of the receiver. */
  readonly endpoint: string;
}

/** How one attempt to deliver is made. */
export interface DeliverOptions {
  /** The network; a guarded exchange, unless the endpoint is beyond doubt. */
  readonly exchange: Exchange;
  readonly clock: Clock;
  /** The active `whsec_` secrets, newest first. */
  readonly secrets: readonly string[];
  /** Time for the whole attempt, from the name to the last byte of the answer, in milliseconds. Default 15,000. */
  readonly deadlineMs?: number | undefined;
  /** Gives the attempt up. */
  readonly signal?: AbortSignal | undefined;
  /** Follows the request, whose receiver is told of the trace. Default nobody does. */
  readonly trace?: TraceTry | undefined;
}

/** What became of one attempt. A value, never thrown. */
export interface Delivery {
  /**
   * `delivered`: the receiver answered 2xx. `retry`: try again on schedule. `gone`: it answered 410 and wants no more
   * messages. `refused`: its URL or address must not be reached, and nothing was sent.
   */
  readonly result: 'delivered' | 'retry' | 'gone' | 'refused';
  /** The status, when the head of an answer arrived. */
  readonly status?: number;
  /** What went wrong. Also told of a delivered message whose answer broke off after its 2xx. */
  readonly failure?: DeliveryFailure;
  /** Milliseconds, two decimals. */
  readonly durationMs: number;
  /** How long the receiver asks to wait, in milliseconds. Not bounded. */
  readonly retryAfterMs?: number;
  /** The beginning of the answer, at most 2,048 bytes and escaped, when it is text. */
  readonly responseExcerpt?: string;
}

/**
 * Makes one attempt to deliver a message: signs it now and posts it. Only 2xx counts as delivered, from its head on;
 * redirects are not followed.
 *
 * @throws GuestpassError `config_invalid` when a secret or the id is not usable.
 */
export async function deliverWebhook(message: AddressedMessage, options: DeliverOptions): Promise<Delivery> {
  const { exchange, clock, deadlineMs = 15_000, signal, trace } = options;
  const startedAt = clock.monotonic();
  const post = withTrace(withDeadline(exchange, { clock }), { operation: 'webhook', trace });
  const request = buildRequest(message, options);
  const verdict = await post({ ...request, deadlineAt: startedAt + deadlineMs, ...(signal && { signal }) }).then(
    (response) => judgeResponse(response, clock.now()),
    judgeFailure,
  );
  return { ...verdict, durationMs: Math.round((clock.monotonic() - startedAt) * 100) / 100 };
}

function buildRequest({ endpoint, id, body }: AddressedMessage, { clock, secrets }: DeliverOptions): HttpRequest {
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Guestpass',
    ...signWebhook({ id, body }, { secrets, nowMs: clock.now() }),
  };
  return { method: 'POST', url: endpoint, headers, body };
}

type Verdict = Omit<Delivery, 'durationMs'>;

function judgeResponse({ status, headers, body }: HttpResponse, nowMs: number): Verdict {
  const result = resultOf(status);
  const { date } = headers;
  const asked =
    result === 'retry'
      ? parseRetryAfter(headers['retry-after'], { nowMs, ...(date !== undefined && { dateHeader: date }) })
      : undefined;
  const responseExcerpt = excerptOf(body);
  return {
    result,
    status,
    ...(result !== 'delivered' && { failure: `http_${status}` as const }),
    ...(asked !== undefined && { retryAfterMs: asked }),
    ...(responseExcerpt !== undefined && { responseExcerpt }),
  };
}

function judgeFailure(error: unknown): Verdict {
  if (!(error instanceof ExchangeError)) throw error;
  const failure = deliveryFailure(error);
  const { status } = error;
  if (status !== undefined) return { result: resultOf(status), status, failure };
  const refused = failure === 'url_refused' || failure === 'address_refused';
  return { result: refused ? 'refused' : 'retry', failure };
}

/** A receiver's own mistake, such as a wrong credential, can be repaired in time; so everything else is tried again. */
function resultOf(status: number): Delivery['result'] {
  if (status >= 200 && status < 300) return 'delivered';
  return status === 410 ? 'gone' : 'retry';
}
