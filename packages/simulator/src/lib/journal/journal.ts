import type { Operation } from '../asked.ts';
import type { SimulatorClock } from '../clock.ts';
import { summarizeBody } from './body-summary.ts';

const requestsRemembered = 1000;

/** One request the platform was asked, without secrets. */
export interface RecordedRequest {
  /** ISO 8601, UTC, by the simulator's clock. */
  readonly at: string;
  readonly operation: Operation;
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Names alone, lower case, sorted. */
  readonly headerNames: readonly string[];
  readonly idempotencyKey?: string;
  /** The trace it belongs to (W3C Trace Context), as it was sent. */
  readonly traceparent?: string;
  /** The JSON or form, secrets removed; `{ bytes }` for anything else; absent without a body. */
  readonly body?: unknown;
  readonly correlationId: string;
  /** The status answered; absent while there is no answer, and for ever when the connection was broken. */
  readonly status?: number;
}

/** What is told of a request when it comes in. */
export interface Arrival {
  readonly request: Request;
  readonly operation: Operation;
  /** `undefined` when it was too large to be read. */
  readonly body: Uint8Array | undefined;
  readonly correlationId: string;
}

/** Counts since the start or the last reset. */
export interface JournalCounts {
  readonly tokenRequests: number;
  readonly guestRequests: number;
  readonly captchaRequests: number;
  /** Webhooks sent to the identity provider. */
  readonly idpRequests: number;
  /** Sockets asked for. */
  readonly socketRequests: number;
  readonly historyRequests: number;
  readonly configRequests: number;
  readonly attachmentRequests: number;
  /** JWTs asked for by guests who signed in; then those refreshed, and those given back. */
  readonly exchangeRequests: number;
  readonly refreshRequests: number;
  readonly revokeRequests: number;
  readonly otherRequests: number;
  /** Connections broken, and callers gone before their answer. */
  readonly unanswered: number;
  /** Answers of 400 and above, by status. */
  readonly rejectedByStatus: Readonly<Record<string, number>>;
}

/** What was asked and how it was answered: the last 1,000 requests, and counts of all. */
export interface Journal {
  /** Writes a request down and returns what to call with the status, or without one when no answer was sent. */
  arrived(arrival: Arrival): (status?: number) => void;
  list(): readonly RecordedRequest[];
  counts(): JournalCounts;
}

export function createJournal(clock: SimulatorClock): Journal {
  const entries: RecordedRequest[] = [];
  const asked: Record<Operation, number> = {
    token: 0,
    guest: 0,
    captcha: 0,
    idp: 0,
    socket: 0,
    history: 0,
    config: 0,
    attachment: 0,
    exchange: 0,
    refresh: 0,
    revoke: 0,
    other: 0,
  };
  const rejected = new Map<string, number>();
  let unanswered = 0;

  const count = (status: number | undefined) => {
    if (status === undefined) unanswered += 1;
    else if (status >= 400) rejected.set(String(status), (rejected.get(String(status)) ?? 0) + 1);
  };

  return {
    arrived(arrival) {
      const entry: { -readonly [Key in keyof RecordedRequest]: RecordedRequest[Key] } = record(arrival, clock.now());
      asked[arrival.operation] += 1;
      entries.push(entry);
      if (entries.length > requestsRemembered) entries.shift();
      return (status) => {
        count(status);
        if (status !== undefined) entry.status = status;
      };
    },
    list: () => entries.map((entry) => structuredClone(entry)),
    counts: () => ({
      tokenRequests: asked.token,
      guestRequests: asked.guest,
      captchaRequests: asked.captcha,
      idpRequests: asked.idp,
      socketRequests: asked.socket,
      historyRequests: asked.history,
      configRequests: asked.config,
      attachmentRequests: asked.attachment,
      exchangeRequests: asked.exchange,
      refreshRequests: asked.refresh,
      revokeRequests: asked.revoke,
      otherRequests: asked.other,
      unanswered,
      rejectedByStatus: Object.fromEntries(rejected),
    }),
  };
}

function record({ request, operation, body, correlationId }: Arrival, now: number): RecordedRequest {
  const { host, pathname } = new URL(request.url);
  const idempotencyKey = request.headers.get('idempotency-key');
  const traceparent = request.headers.get('traceparent');
  const summary = body && summaryOf(operation, request.headers.get('content-type'), body);
  return {
    at: new Date(now).toISOString(),
    operation,
    method: request.method,
    host,
    path: pathname,
    headerNames: [...request.headers.keys()].map((name) => name.toLowerCase()).sort(),
    ...(idempotencyKey !== null && { idempotencyKey }),
    ...(traceparent !== null && { traceparent }),
    ...(summary !== undefined && { body: summary }),
    correlationId,
  };
}

/** What is in a guest's file is nobody's business. */
function summaryOf(operation: Operation, contentType: string | null, body: Uint8Array): unknown {
  if (operation !== 'attachment') return summarizeBody(contentType, body);
  return body.byteLength > 0 ? { bytes: body.byteLength } : undefined;
}
