import type { Attempt } from 'guestpass';
import { continueTrace, type TraceTry } from 'guestpass/http';
import type { Stopwatch } from 'guestpass/pipeline';
import { traceOf } from './trace-place.ts';

/** Follows what this gateway does. */
export interface Tracing {
  /** A public request that has come in. */
  receive(request: Pick<Request, 'method' | 'url' | 'headers'>): RequestTrace;
  /** Follows what is asked for nobody in particular, such as a token that is renewed early. */
  readonly alone: TraceTry;
  /** A try of a delivery that is about to be made. */
  deliver(delivery: TracedDelivery): DeliveryTrace;
}

/** One attempt, as far as its trace goes. */
export interface AttemptTrace {
  /** Names the request that asks; what is told of the attempt later is part of the same trace. */
  readonly traceparent: string;
  /** Follows each try of the calls to the platform. */
  readonly try: TraceTry;
  /** Follows the stages. */
  follow(watch: Stopwatch): Stopwatch;
}

/** A request under way. */
export interface RequestTrace extends AttemptTrace {
  readonly traceId: string;
  /** Does the work of the request; what other libraries tell of it belongs to the request. */
  within<T>(work: () => T): T;
  /** What became of it, before it ends. */
  tell(told: ToldRequest): void;
  /** The answer is ready. `route` is absent when there is nothing at its address. */
  end(answered: { readonly status: number; readonly route?: string | undefined }): void;
}

export interface ToldRequest {
  readonly requestId: string;
  readonly attempt?: Attempt;
  /** True when the attempt is an earlier one. */
  readonly replayed?: boolean;
  /** Why there was no attempt, or no guest pass. */
  readonly code?: string;
}

/** What is told of a delivery: ids, and nothing of its body or its receiver's address. */
export interface TracedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly attemptId: string | null;
  readonly endpointId: string;
  /** 1 for the first. */
  readonly try: number;
  /** Of the request that the delivery tells of, when it is known. */
  readonly traceparent: string | null;
}

/** A try of a delivery under way. */
export interface DeliveryTrace {
  /** Follows the request to the receiver. */
  readonly try: TraceTry;
  /** The try has ended; without a result it broke off. */
  end(result?: string): void;
}

/** Nobody records what happens: traces are carried on under ids of our own, and cost no more than that. */
export const plainTracing: Tracing = {
  receive({ headers }) {
    const place = traceOf(headers);
    return { ...place, try: continueTrace(place), follow, within, tell: ignore, end: ignore };
  },
  alone: (begun) => continueTrace({})(begun),
  deliver({ traceparent }) {
    return { try: continueTrace({ traceparent: traceparent ?? '' }), end: ignore };
  },
};

const follow = (watch: Stopwatch) => watch;
const within = <T>(work: () => T) => work();
const ignore = () => {};
