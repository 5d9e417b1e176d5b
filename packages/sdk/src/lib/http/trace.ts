import type { Exchange, HttpRequest } from './exchange.ts';
import { notify } from './notify.ts';
import { type Sending, targetOf, untilEnd } from './observe.ts';
import {
  type FollowedTry,
  harmlessTracestate,
  type TraceHeaders,
  type TraceTry,
  type TryBegun,
} from './trace-context.ts';

/** Who follows requests, and what they are for. */
export interface TraceOptions {
  /** What the requests are for, such as `token` or `guest`. */
  readonly operation: string;
  /** Follows requests that have no `trace` of their own. Default nobody does. */
  readonly trace?: TraceTry | undefined;
}

/** Carries the trace that a request belongs to, on each try. Costs next to nothing where nobody follows. */
export function withTrace(exchange: Exchange, options: TraceOptions): Exchange {
  return (request) => {
    const followed = followTry(request, options);
    if (!followed) return exchange(request);
    const { headers, end } = followed;
    const carrying = { ...request, headers: { ...request.headers, ...headers } };
    return end
      ? untilEnd(
          () => exchange(carrying),
          (ended) => notify(end, ended),
        )
      : exchange(carrying);
  };
}

/** Begins to follow a try, of an exchange or not; its headers can be sent, one of them or both or none. */
export function followTry(
  sending: Sending & Pick<HttpRequest, 'trace'>,
  { operation, trace: usual }: TraceOptions,
): (Pick<FollowedTry, 'end'> & { readonly headers: Partial<TraceHeaders> }) | undefined {
  const trace = sending.trace ?? usual;
  const followed = trace && begin(trace, { operation, ...targetOf(sending), resends: sending.resends ?? 0 });
  return followed && { ...followed, headers: sendable(followed.headers) };
}

function begin(trace: TraceTry, begun: TryBegun): FollowedTry | undefined {
  try {
    const followed = trace(begun);
    if (!(followed instanceof Promise)) return followed;
    // Nobody waits for a promise, and its rejection is nobody's either.
    followed.catch(() => {});
    return undefined;
  } catch {
    // A guest is not turned away because nobody could follow.
    return undefined;
  }
}

/** A header that cannot be sent would turn the guest away. */
function sendable({ traceparent, tracestate }: TraceHeaders): Partial<TraceHeaders> {
  if (!sendableText.test(traceparent)) return {};
  const state = harmlessTracestate(tracestate);
  return state === undefined ? { traceparent } : { traceparent, tracestate: state };
}

const sendableText = /^[\x21-\x7e]{1,512}$/;
