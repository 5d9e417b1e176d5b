import type { Context } from 'hono';
import { type ApiError, apiErrorFor, apiErrorResponse } from '../api-error.ts';
import type { AskedEnv } from '../asked.ts';
import type { SimulatorClock } from '../clock.ts';
import type { RateWindows } from '../rate-window.ts';
import { readableBy } from './cross-origin.ts';
import { allowsOrigin } from './deployment.ts';
import type { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { ShortTokens } from './short-tokens.ts';
import type { Render } from './structured-message.ts';

const dayMs = 86_400_000;
const largestPage = 100;

export interface HistoryEndpointOptions {
  readonly clock: SimulatorClock;
  readonly sessions: Sessions;
  readonly shortTokens: ShortTokens;
  readonly render: Render;
  /** Counts per session. */
  readonly rates: RateWindows;
  readonly historyDays: number;
}

/** `GET /api/v2/webmessaging/messages`: the messages of the session the token names, newest first, by pages. */
export function createHistoryEndpoint(options: HistoryEndpointOptions) {
  const { clock, sessions, shortTokens, render, rates, historyDays } = options;

  const answer = (c: Context<AskedEnv>, session: Session): Response | ApiError => {
    const rate = rates.take(session.id);
    if (!rate.admitted) return rateError(rate.resetSeconds);
    const page = readPage(new URL(c.req.url).searchParams);
    if (!page)
      return { status: 400, code: 'invalid.query.param.value', message: 'pageSize or pageNumber is not valid.' };
    const { pageSize, pageNumber } = page;
    const oldest = clock.now() - historyDays * dayMs;
    const known = session.messages.filter(({ time }) => time >= oldest).reverse();
    const shown = known.slice((pageNumber - 1) * pageSize, pageNumber * pageSize);
    const baseUrl = new URL(c.req.url).origin;
    return Response.json({
      entities: shown.map((message) => render(message, baseUrl)),
      pageSize,
      pageNumber,
      total: known.length,
      pageCount: Math.ceil(known.length / pageSize),
    });
  };

  return (c: Context<AskedEnv>): Response => {
    const origin = c.req.header('origin');
    const bearer = readBearer(c.req.header('authorization'), { sessions, shortTokens });
    if ('status' in bearer) return readableBy(apiErrorResponse(bearer, c.env.correlationId), origin, () => true);
    const { deployment } = bearer;
    if (origin !== undefined && !allowsOrigin(deployment, origin)) {
      return apiErrorResponse(apiErrorFor(403), c.env.correlationId);
    }
    const answered = answer(c, bearer);
    const response = answered instanceof Response ? answered : apiErrorResponse(answered, c.env.correlationId);
    return readableBy(response, origin, () => true);
  };
}

function readBearer(
  authorization: string | undefined,
  { sessions, shortTokens }: Pick<HistoryEndpointOptions, 'sessions' | 'shortTokens'>,
): Session | ApiError {
  const headers = { 'WWW-Authenticate': 'Bearer' };
  if (authorization === undefined) {
    return { status: 401, code: 'authentication.required', message: 'No authentication bearer token.', headers };
  }
  const check = shortTokens.check('history', /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? '');
  if (!check.ok && check.reason === 'expired') {
    return { status: 401, code: 'credentials.expired', message: 'The token has expired.', headers };
  }
  const session = check.ok ? sessions.byId(check.subject) : undefined;
  return session && session.state !== 'over' ? session : { ...apiErrorFor(401), headers };
}

function readPage(query: URLSearchParams) {
  const pageSize = wholeNumber(query.get('pageSize') ?? '25');
  const pageNumber = wholeNumber(query.get('pageNumber') ?? '1');
  if (pageSize === undefined || pageNumber === undefined || pageSize > largestPage) return undefined;
  return { pageSize, pageNumber };
}

function wholeNumber(text: string): number | undefined {
  return /^[1-9][0-9]{0,8}$/.test(text) ? Number(text) : undefined;
}

function rateError(resetSeconds: number): ApiError {
  return {
    status: 429,
    code: 'too.many.requests.retry.after',
    message: `Rate limit exceeded the maximum of history requests a minute. Retry the request in [${resetSeconds}] seconds.`,
    headers: { 'Retry-After': String(resetSeconds) },
  };
}
