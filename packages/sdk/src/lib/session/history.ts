import { type Clock, sleep } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import { withDeadline } from '../http/deadline.ts';
import { type Exchange, ExchangeError, type HttpRequest, type HttpResponse } from '../http/exchange.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readConversed } from '../messaging/message.ts';
import type { HistoryPage } from './history-walk.ts';
import { createWindow, type Turns } from './pace.ts';
import type { Requests } from './requests.ts';
import { aborted } from './session-errors.ts';

export interface HistoryPlace {
  /** Base URL of the API, such as `https://api.usw2.pure.cloud`. */
  readonly apiUrl: string;
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly headers: Readonly<Record<string, string>>;
  /** Pages in any minute. */
  readonly pagesPerMinute: number;
}

interface PageAsked {
  readonly pageNumber: number;
  readonly pageSize: number;
  /** The short-lived token of the history. */
  readonly jwt: string;
  readonly signal?: AbortSignal | undefined;
}

const timeoutMs = 30_000;

/** Which page, and whether it has to tell of everything that was said before it was asked for. */
export interface PageWanted {
  readonly pageNumber: number;
  readonly pageSize: number;
  readonly fresh: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type HistoryReader = (wanted: PageWanted) => Promise<HistoryPage>;

/**
 * Reads pages of `GET /api/v2/webmessaging/messages`, each when its turn has come; a token that is spent is replaced once.
 *
 * @throws GuestpassError `unauthorized`, `rate_limited`, `platform_unavailable`, `platform_response_invalid`, `aborted`.
 */
export function historyReader(requests: Pick<Requests, 'jwt'>, place: HistoryPlace): HistoryReader {
  const turns = createWindow(place.pagesPerMinute, 60_000);
  const read = async ({ fresh, ...wanted }: PageWanted) => {
    await turnOf(turns, place.clock, wanted.signal);
    return readHistoryPage({ ...wanted, jwt: await requests.jwt(wanted.signal, fresh) }, place);
  };
  return async (wanted) => {
    try {
      return await read(wanted);
    } catch (error) {
      if (!isGuestpassError(error) || error.code !== 'unauthorized') throw error;
      return read({ ...wanted, fresh: true });
    }
  };
}

/** Who gives up has taken no turn. */
async function turnOf(turns: Turns, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  for (;;) {
    const now = clock.monotonic();
    const waitMs = turns.freeAt() - now;
    if (waitMs <= 0) return turns.take(now);
    await sleep(clock, waitMs, signal).catch(() => Promise.reject(aborted()));
  }
}

async function readHistoryPage(asked: PageAsked, options: HistoryPlace): Promise<HistoryPage> {
  const { exchange, clock } = options;
  let response: HttpResponse;
  try {
    response = await withDeadline(exchange, { clock })(pageRequest(asked, options));
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    const code = asked.signal?.aborted ? 'aborted' : 'platform_unavailable';
    throw new GuestpassError(code, `The history could not be read (${error.failure}).`, { cause: error });
  }
  return processPage(response, asked, clock.now());
}

function pageRequest({ pageNumber, pageSize, jwt, signal }: PageAsked, options: HistoryPlace): HttpRequest {
  const { apiUrl, headers, clock } = options;
  return {
    method: 'GET',
    url: `${apiUrl}/api/v2/webmessaging/messages?pageNumber=${pageNumber}&pageSize=${pageSize}`,
    headers: { ...headers, accept: 'application/json', authorization: `bearer ${jwt}` },
    deadlineAt: clock.monotonic() + timeoutMs,
    ...(signal && { signal }),
  };
}

function processPage(response: HttpResponse, { pageNumber, pageSize }: PageAsked, nowMs: number): HistoryPage {
  if (response.status !== 200) throw refusalOf(response, nowMs);
  const page = readJson(response);
  if (!isRecord(page) || !Array.isArray(page.entities)) {
    throw new GuestpassError('platform_response_invalid', 'The platform answered no page of history.');
  }
  const entries = page.entities.map((entity: unknown) => readConversed(entity)?.message ?? null);
  const offset = (pageNumber - 1) * pageSize;
  const total = typeof page.total === 'number' ? page.total : null;
  const more = total === null ? entries.length >= pageSize : entries.length > 0 && offset + entries.length < total;
  return { entries, offset, total, more };
}

function refusalOf({ status, headers }: HttpResponse, nowMs: number): GuestpassError {
  const detail = `The platform answered ${status} where the history was asked for.`;
  const { 'retry-after': value, date } = headers;
  const retryAfterMs = parseRetryAfter(value, { nowMs, ...(date !== undefined && { dateHeader: date }) });
  const details = { status, ...(retryAfterMs !== undefined && { retryAfterMs: Math.min(retryAfterMs, 300_000) }) };
  if (status === 401) return new GuestpassError('unauthorized', detail, details);
  if (status === 429) return new GuestpassError('rate_limited', detail, details);
  return new GuestpassError(status >= 500 ? 'platform_unavailable' : 'request_rejected', detail, details);
}

function readJson({ body }: HttpResponse): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
