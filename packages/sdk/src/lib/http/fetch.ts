import { type Exchange, ExchangeError, type HttpRequest } from './exchange.ts';
import { classifyFailure } from './failure.ts';

/** `globalThis.fetch`, or anything of its shape, such as the `fetch` of an in-process server. */
export type Fetch = (request: Request) => Response | Promise<Response>;

/** How much of an answer is read. */
export interface FetchExchangeOptions {
  /** A larger answer is given up. Default 262,144 bytes. */
  readonly maxBodyBytes?: number | undefined;
}

/**
 * An end on WHATWG `fetch`. Redirects are not followed but returned; a runtime that hides a redirect's status shows it
 * as 302. The body is read whole.
 */
export function fetchExchange(fetch: Fetch = globalThis.fetch, options: FetchExchangeOptions = {}): Exchange {
  const { maxBodyBytes = 262_144 } = options;
  return async (request) => {
    if (request.signal?.aborted) throw new ExchangeError('aborted', { sent: 'no', cause: request.signal.reason });
    const outgoing = buildRequest(request);
    let response: Response;
    try {
      response = await fetch(outgoing);
    } catch (error) {
      throw explain(error, request.signal);
    }
    const status = response.type === 'opaqueredirect' ? 302 : response.status;
    if (status === 0) throw new ExchangeError('network_error', { sent: 'maybe' });
    return { status, headers: headersOf(response), body: await readBody(response, { status, maxBodyBytes, request }) };
  };
}

function buildRequest({ method, url, headers, body, signal }: HttpRequest): Request {
  try {
    const content = body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) };
    return new Request(url, { method, headers, redirect: 'manual', ...content, ...(signal && { signal }) });
  } catch {
    // What was wrong may be quoted in the error, and may be a secret: it does not become a cause.
    throw new ExchangeError('invalid_request', { sent: 'no', permanent: true });
  }
}

function explain(error: unknown, signal: AbortSignal | undefined, status?: number): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const { failure, sent, permanent } = classifyFailure(error);
  const head = status === undefined ? { sent, permanent } : { sent: 'maybe' as const, status };
  // Who aborts may give any reason, and the runtime throws just that.
  return new ExchangeError(signal?.aborted ? 'aborted' : failure, { ...head, cause: error });
}

function headersOf(response: Response): Record<string, string> {
  // A header may be called `__proto__`.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of response.headers) {
    headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
  }
  return headers;
}

interface Reading {
  readonly status: number;
  readonly maxBodyBytes: number;
  readonly request: HttpRequest;
}

async function readBody(response: Response, reading: Reading): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array();
  const { signal } = reading.request;
  // Ends a pending read of a stream that does not know the signal.
  const giveUp = () => void reader.cancel().catch(() => {});
  signal?.addEventListener('abort', giveUp, { once: true });
  try {
    return await readChunks(reader, reading);
  } catch (error) {
    giveUp();
    throw explain(error, signal, reading.status);
  } finally {
    signal?.removeEventListener('abort', giveUp);
  }
}

async function readChunks(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  { status, maxBodyBytes, request }: Reading,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (request.signal?.aborted) throw request.signal.reason;
    if (done) return joined(chunks, size);
    size += value.byteLength;
    if (size > maxBodyBytes) throw new ExchangeError('body_too_large', { sent: 'maybe', status });
    chunks.push(value);
  }
}

/** Browsers have no `Buffer`. */
function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.byteLength;
  }
  return body;
}
