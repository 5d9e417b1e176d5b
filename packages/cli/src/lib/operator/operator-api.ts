import type { Clock } from 'guestpass';
import { type Exchange, readJson, withDeadline } from 'guestpass/http';
import { GatewayRefusal } from './gateway-refusal.ts';
import type { OperatorAccess } from './operator-access.ts';

/** The operator listener of a gateway. Rejects with a {@link GatewayRefusal}, or an `ExchangeError` without an answer. */
export interface OperatorApi {
  /** The address of a path, and the headers that open it, for whoever reads the answer as it comes. */
  readonly access: OperatorAccess;
  /** The shape of the answer is promised by the description of the API, and not checked here. */
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
}

export interface OperatorApiMeans {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const deadlineMs = 15_000;

export function createOperatorApi(access: OperatorAccess, { exchange, clock, signal }: OperatorApiMeans): OperatorApi {
  const send = withDeadline(exchange, { clock });
  const ask = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const answer = await send({
      method,
      url: `${access.url}${path}`,
      headers: { ...bearer(access), ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal,
      deadlineAt: clock.monotonic() + deadlineMs,
    });
    const parsed = jsonIn(() => readJson(answer));
    if (answer.status >= 300 || parsed === undefined) throw new GatewayRefusal(answer.status, parsed);
    // A cast: the caller names what the API describes for this path.
    return parsed as Answer;
  };
  return {
    access,
    get: (path) => ask('GET', path),
    post: (path, body) => ask('POST', path, body),
  };
}

/** The header that opens the operator listener. */
export function bearer({ token }: OperatorAccess): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}`, accept: 'application/json' };
}

function jsonIn(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
