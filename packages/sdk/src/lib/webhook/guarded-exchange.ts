import { Agent } from 'undici';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { classifyFailure } from '../http/failure.ts';
import { checkEndpointUrl, type EndpointCheck, type EndpointPolicy } from './address-guard.ts';
import { guardedConnector, type Resolve, systemResolve } from './guarded-connector.ts';

/** Which addresses are reached, and how. */
export interface GuardedExchangeOptions extends EndpointPolicy {
  /** Sockets kept for each origin; more requests wait for a free one. Default 16. */
  readonly connections?: number | undefined;
  /** Time for name, connection and TLS together, in milliseconds of the system's clock. Default 5,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Answers are read up to here; what follows is left unread and its socket is destroyed. Default 16,384 bytes. */
  readonly maxBodyBytes?: number | undefined;
  /** Certificates in PEM that are trusted instead of the system's. Verification cannot be turned off. */
  readonly ca?: string | readonly string[] | undefined;
  /** Default the system's resolver. */
  readonly resolve?: Resolve | undefined;
}

/** An exchange that reaches checked addresses alone, and what ends it. */
export interface GuardedExchange {
  readonly exchange: Exchange;
  /** Ends all connections once the running requests are done. */
  close(): Promise<void>;
}

/**
 * An end for URLs that others have chosen: reaches public addresses and allowed networks only. The URL is checked at
 * each request, and at each new connection every address of its name and the one connected to. Redirects are not
 * followed, and no proxy is used whatever the environment says. What is refused rejects with an {@link ExchangeError}
 * of failure `url_refused` or `address_refused`, which is permanent, and nothing was sent.
 *
 * @throws GuestpassError `config_invalid` when an allowed network is not one.
 */
export function guardedExchange(options: GuardedExchangeOptions = {}): GuardedExchange {
  const { connections = 16, connectTimeoutMs = 5_000, maxBodyBytes = 16_384, resolve = systemResolve } = options;
  const { ca, ...policy } = options;
  const check = rememberedChecks(policy);
  // Tells at once of networks that are none.
  check('https://localhost');
  const { allowCidrs = [] } = policy;
  const connect = guardedConnector({ resolve, connectTimeoutMs, allowCidrs, ...(ca !== undefined && { ca }) });
  const agent = new Agent({ connect, connections, allowH2: false });
  let closing: Promise<void> | undefined;
  return {
    exchange: (request) => {
      const checked = check(request.url);
      if (checked.ok) return send(agent, { request, url: checked.url, maxBodyBytes });
      return Promise.reject(new ExchangeError(checked.reason, { sent: 'no', permanent: true }));
    },
    close() {
      closing ??= agent.close();
      return closing;
    },
  };
}

/** The same receivers are asked again and again, and what a URL says by itself does not change. */
function rememberedChecks(policy: EndpointPolicy): (url: string) => EndpointCheck {
  const known = new Map<string, EndpointCheck>();
  return (url) => {
    const before = known.get(url);
    if (before) return before;
    const checked = checkEndpointUrl(url, policy);
    // Bounded: a caller with many different ones must not grow a map.
    if (known.size >= 64) known.clear();
    known.set(url, checked);
    return checked;
  };
}

interface Sending {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly maxBodyBytes: number;
}

async function send(agent: Agent, { request, url, maxBodyBytes }: Sending): Promise<HttpResponse> {
  const { method, headers, body, signal } = request;
  if (signal?.aborted) throw new ExchangeError('aborted', { sent: 'no', cause: signal.reason });
  let status: number | undefined;
  try {
    const answer = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      // undici names the usual methods and sends any token.
      method: method as 'POST',
      headers: { ...headers },
      body: body ?? null,
      ...(signal && { signal }),
    });
    status = answer.statusCode;
    return { status, headers: joined(answer.headers), body: await readUpTo(answer.body, maxBodyBytes) };
  } catch (error) {
    throw explain(error, signal, status);
  }
}

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  // A header may be called `__proto__`.
  const lines: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) lines[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return lines;
}

/** Leaving the loop early destroys the stream, and with it the socket. */
async function readUpTo(stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > maxBytes) break;
  }
  return Buffer.concat(chunks, size).subarray(0, maxBytes);
}

function explain(error: unknown, signal: AbortSignal | undefined, status: number | undefined): ExchangeError {
  if (error instanceof ExchangeError) return error;
  const { failure, sent, permanent } = classifyFailure(error);
  const head = status === undefined ? { sent, permanent } : { sent: 'maybe' as const, status };
  return new ExchangeError(signal?.aborted ? 'aborted' : failure, { ...head, cause: error });
}
