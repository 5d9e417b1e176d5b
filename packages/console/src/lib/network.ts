/** The one door to the network of the pages: everything that is asked for is on the page's own origin. */

/** What went wrong with a request, in the words of the gateway (RFC 9457). */
export interface Problem {
  /** `unreachable` when no answer came. */
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly requestId: string | null;
  readonly retryAfterSeconds: number | null;
  readonly faults: readonly { readonly pointer: string; readonly detail: string }[];
}

export type Answer<Body> =
  | { readonly ok: true; readonly status: number; readonly body: Body }
  | { readonly ok: false; readonly problem: Problem /** What was answered all the same. */; readonly body: unknown };

export interface AskOptions {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks for JSON, or for nothing. An answer that is no success is a problem; never rejects but for the signal. */
export async function ask<Body>(path: string, { method = 'GET', body, headers, signal }: AskOptions = {}) {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch {
    signal?.throwIfAborted();
    return { ok: false, problem: unreachable, body: undefined } as const;
  }
  if (response.status === 401) window.dispatchEvent(new Event(strangerEvent));
  return (await read(response)) as Answer<Body>;
}

const strangerEvent = 'guestpass:stranger';

/** Calls `then` whenever an answer says that nobody is signed in; returns what ends that. */
export function onStranger(then: () => void): () => void {
  window.addEventListener(strangerEvent, then);
  return () => window.removeEventListener(strangerEvent, then);
}

async function read(response: Response): Promise<Answer<unknown>> {
  const { status } = response;
  const text = await response.text().catch(() => '');
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  const body = isJson ? parse(text) : text;
  return response.ok ? { ok: true, status, body } : { ok: false, problem: problemOf(response, body), body };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unreachable: Problem = {
  code: 'unreachable',
  status: 0,
  detail: 'The gateway does not answer.',
  requestId: null,
  retryAfterSeconds: null,
  faults: [],
};

function problemOf({ status, headers }: Response, body: unknown): Problem {
  // A cast, because the answer is the gateway's; what is missing is filled in.
  const told = (typeof body === 'object' && body !== null ? body : {}) as Partial<
    Problem & { errors: Problem['faults'] }
  >;
  return {
    code: told.code ?? 'unexpected_answer',
    status,
    detail: told.detail ?? `The gateway answered with status ${status}.`,
    requestId: told.requestId ?? headers.get('x-request-id'),
    retryAfterSeconds: told.retryAfterSeconds ?? null,
    faults: told.errors ?? [],
  };
}

/** Opens server-sent events; the browser comes back by itself, with `Last-Event-ID`, as long as it was not refused. */
export function openEvents(path: string): EventSource {
  return new EventSource(path);
}
