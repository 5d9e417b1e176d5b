import { randomUUID } from 'node:crypto';
import { type Clock, errorTable, type Guestpass, type Outcome } from 'guestpass';
import { type Exchange, ExchangeError, type HttpResponse, readJson, withDeadline } from 'guestpass/http';
import type { Fared } from './measurements.ts';

/** Lets one guest in. Never rejects. */
export type Target = (payload: unknown) => Promise<Fared>;

/** The platform, asked by the SDK. */
export function platformTarget(guests: Guestpass): Target {
  return async (payload) => {
    const attempt = await guests.attempt(payload);
    return { outcome: attempt.outcome, code: attempt.outcome === 'admitted' ? null : attempt.error.code };
  };
}

export interface GatewayTargetOptions {
  readonly exchange: Exchange;
  readonly clock: Clock;
  readonly deadlineMs: number;
}

/** A gateway, asked as a website asks it, each guest under a key of its own. */
export function gatewayTarget(url: string, { exchange, clock, deadlineMs }: GatewayTargetOptions): Target {
  const send = withDeadline(exchange, { clock });
  return async (payload) => {
    const request = {
      method: 'POST',
      url: `${url}/v1/guests`,
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify(payload),
      deadlineAt: clock.monotonic() + deadlineMs,
    };
    try {
      return faredWith(await send(request));
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      return { outcome: error.sent === 'no' ? 'failed' : 'unknown', code: error.failure };
    }
  };
}

function faredWith(answer: HttpResponse): Fared {
  if (answer.status === 201) return { outcome: 'admitted', code: null };
  const code = codeIn(answer) ?? `http_${answer.status}`;
  return { outcome: outcomeOf(code, answer.status), code };
}

function outcomeOf(code: string, status: number): Outcome {
  if (code === 'outcome_unknown') return 'unknown';
  return status < 500 ? 'refused' : 'failed';
}

/** Codes of the table alone, so that a report cannot be filled with what a server makes up. */
function codeIn(answer: HttpResponse): string | undefined {
  try {
    const body: unknown = readJson(answer);
    const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined;
    return typeof code === 'string' && Object.hasOwn(errorTable, code) ? code : undefined;
  } catch {
    return undefined;
  }
}
