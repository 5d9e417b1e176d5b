import type { Exchange, HttpRequest } from './exchange.ts';
import { notify } from './notify.ts';
import { correlationOf, failureOf, targetOf } from './observe.ts';
import { type FollowedTry, harmlessTracestate, type TraceHeaders, type TraceTry } from './trace-context.ts';

/** Who follows requests, and what they are for. */
export interface TraceOptions {
  /** What the requests are for, such as `token` or `guest`. */
  readonly operation: string;
  /** Follows requests that have no `trace` of their own. Default nobody does. */
  readonly trace?: TraceTry | undefined;
}

/** Carries the trace that a request belongs to, on each try. Costs next to nothing where nobody follows. */
export function withTrace(exchange: Exchange, { operation, trace: usual }: TraceOptions): Exchange {
  return (request) => {
    const trace = request.trace ?? usual;
    const followed = trace && begin(trace, request, operation);
    return followed ? follow(exchange, request, followed) : exchange(request);
  };
}

function begin(trace: TraceTry, request: HttpRequest, operation: string): FollowedTry | undefined {
  try {
    const followed = trace({ operation, ...targetOf(request), resends: request.resends ?? 0 });
    if (!(followed instanceof Promise)) return followed;
    // Nobody waits for a promise, and its rejection is nobody's either.
    followed.catch(() => {});
    return undefined;
  } catch {
    // A guest is not turned away because nobody could follow.
    return undefined;
  }
}

async function follow(exchange: Exchange, request: HttpRequest, { headers, end }: FollowedTry) {
  const sent = exchange({ ...request, headers: { ...request.headers, ...sendable(headers) } });
  if (!end) return await sent;
  try {
    const response = await sent;
    notify(end, { status: response.status, ...correlationOf(response) });
    return response;
  } catch (error) {
    notify(end, { failure: failureOf(error) });
    throw error;
  }
}

/** A header that cannot be sent would turn the guest away. */
function sendable({ traceparent, tracestate }: TraceHeaders): Partial<TraceHeaders> {
  if (!sendableText.test(traceparent)) return {};
  const state = harmlessTracestate(tracestate);
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

const sendableText = /^[\x21-\x7e]{1,512}$/;
