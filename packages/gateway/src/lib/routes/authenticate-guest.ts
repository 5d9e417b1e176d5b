import type { Admission, Admit } from '../admission/admission.ts';
import { collectionOf } from '../consent/collection.ts';
import { readJsonBody } from '../http/body.ts';
import { serverTiming } from '../http/headers.ts';
import { readIdempotencyKey } from '../http/idempotency-key.ts';
import type { LoadGate } from '../http/load-gate.ts';
import type { Origins } from '../http/origins.ts';
import type { Problems } from '../http/problem.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { refusalOf } from '../http/refusal.ts';
import { rangesOf } from '../settings/network.ts';
import type { RequestTrace } from '../tracing/tracing.ts';
import { orThrow, paced, refuseIf, withHeaders } from './request-steps.ts';

export interface GuestDesk {
  readonly admit: Admit;
  readonly gate: LoadGate;
  readonly rates: RateLimits;
  readonly origins: Origins;
  readonly problems: Problems;
  /** Refuses requests without an `Idempotency-Key`. Default false. */
  readonly requireIdempotencyKey?: boolean | undefined;
  /** Told how each request ended, when its answer is ready. */
  readonly onEnded?: (ended: EndedRequest) => void;
}

/** Who asks, as far as the listener knows. */
export interface Caller {
  readonly address: string;
  readonly requestId: string;
  /** Follows the request. Absent where nobody does. */
  readonly trace?: RequestTrace;
}

export interface EndedRequest {
  readonly caller: Caller;
  /** The attempt, when it came to one. */
  readonly admission?: Admission;
  /** Why there was no attempt, or what went wrong with it. */
  readonly error?: unknown;
}

/** `POST /v1/guests`: cheap refusals first, so that nothing is spent on a request that may not pass. */
export function authenticateGuest(desk: GuestDesk): (request: Request, caller: Caller) => Promise<Response> {
  const { gate, problems, onEnded } = desk;
  return async (request, caller) => {
    const headers = new Headers(desk.origins.corsHeaders(request.headers.get('origin')));
    const entry = gate.enter();
    try {
      if (!entry.ok) throw entry.error;
      const admission = await letIn(request, { caller, desk, headers });
      const { attempt, replayed } = admission;
      caller.trace?.tell({ requestId: caller.requestId, attempt, replayed });
      onEnded?.({ caller, admission });
      return withHeaders(replyTo(admission, problems, caller), headers);
    } catch (error) {
      const refusal = refusalOf(error);
      caller.trace?.tell({ requestId: caller.requestId, code: refusal.code });
      onEnded?.({ caller, error });
      return withHeaders(problems.reply(refusal, caller.requestId), headers);
    } finally {
      if (entry.ok) entry.leave();
    }
  };
}

interface Context {
  readonly caller: Caller;
  readonly desk: GuestDesk;
  /** Headers every answer to this request carries. */
  readonly headers: Headers;
}

async function letIn(request: Request, { caller, desk, headers }: Context): Promise<Admission> {
  const origin = request.headers.get('origin');
  refuseIf(await paced(desk.rates.ofCaller(caller.address), headers));
  refuseIf(desk.origins.refuse(origin));
  const { key } = orThrow(readIdempotencyKey(request.headers.get('idempotency-key'), desk.requireIdempotencyKey));
  const { value } = orThrow(await readJsonBody(request));
  const channelId = channelOf(value);
  if (channelId !== undefined) {
    refuseIf(desk.origins.refuse(origin, channelId));
    refuseIf(await paced(desk.rates.ofChannel(channelId), headers));
  }
  const ask = {
    remoteIp: caller.address,
    collection: () => collectionOf(request.headers, networkOf(caller)),
    trace: caller.trace,
  };
  if (key === null) return await desk.admit(value, ask);
  // One website's keys say nothing to another.
  const scope = JSON.stringify(['guests', origin, channelId ?? null]);
  return await desk.admit(value, { ...ask, idempotency: { scope, key } });
}

/** Little enough of an address to stand as evidence. */
function networkOf({ address }: Caller): string | null {
  const { subnet } = rangesOf(address);
  return subnet === 'none' ? null : subnet;
}

function replyTo({ attempt, replayed, recorded }: Admission, problems: Problems, { requestId }: Caller): Response {
  const timing = serverTiming(attempt.stages);
  const headers = {
    ...(timing !== undefined && { 'Server-Timing': timing }),
    ...(replayed && { 'Idempotency-Replayed': 'true' }),
  };
  if (attempt.outcome === 'admitted') {
    // With the receipt, where there is one: it is part of the pass that is kept for a replay.
    return Response.json({ attemptId: attempt.id, ...attempt.guestPass }, { status: 201, headers });
  }
  // A payload that was no attempt left none that could be asked for.
  const isKept = recorded || attempt.outcome !== 'refused';
  const refusal = { ...refusalOf(attempt.error), ...(isKept && { attemptId: attempt.id }), headers };
  return problems.reply(refusal, requestId);
}

/** Enough of the payload to hold it to the rules of its channel; whether it is a payload is seen later. */
function channelOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('channelId' in value)) return undefined;
  return typeof value.channelId === 'string' && value.channelId.length <= 256 ? value.channelId : undefined;
}
