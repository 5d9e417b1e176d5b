import type { Clock } from 'guestpass';
import { type Exchange, ExchangeError, withDeadline } from 'guestpass/http';
import { type VerifiedWebhook, verifyWebhook, WebhookVerificationError } from 'guestpass/webhook';
import type { Answerer, Received, Reply } from '../network.ts';
import { createEventOrder } from './event-order.ts';

/** What came in, and what was made of it. */
export interface Heard {
  /** Absent when it was not to be trusted. */
  readonly event?: { readonly id: string; readonly type: string; readonly payload: unknown };
  /** Why it was not. */
  readonly reason?: string;
  /** True when the same id came before. */
  readonly isRepeat: boolean;
  /** True when a later event about the same attempt came before; a receiver should drop this one. */
  readonly isLate: boolean;
  /** What was answered. */
  readonly status: number;
  /** What the one it was handed on to answered, or why nothing came. */
  readonly forwarded?: { readonly result: string; readonly durationMs: number };
}

export interface ReceiverOptions {
  readonly secret: string;
  readonly clock: Clock;
  readonly exchange: Exchange;
  readonly isWanted: (type: string) => boolean;
  readonly forwardTo: string | undefined;
  /** Told of everything but events that are not wanted. */
  readonly onHeard: (heard: Heard) => void;
}

const idsRemembered = 1_000;
const forwardMs = 15_000;

/** Answers webhooks: what is not signed is refused, what is wanted is told, and handed on when there is somebody to. */
export function createReceiver(options: ReceiverOptions): Answerer {
  const { secret, clock, isWanted, onHeard } = options;
  const seen = new Set<string>();
  const comesLate = createEventOrder();
  return async (request) => {
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    const verified = verify(request, secret, clock.now());
    if (typeof verified === 'string') {
      onHeard({ reason: verified, isRepeat: false, isLate: false, status: 401 });
      return json(401, { error: verified });
    }
    const { id, payload } = verified;
    const type = typeOf(payload);
    const isRepeat = seen.has(id);
    const isLate = comesLate(payload);
    seen.add(id);
    if (seen.size > idsRemembered) seen.delete(seen.values().next().value ?? id);
    if (!isWanted(type)) return { status: 204 };
    const { reply, forwarded } = await handOn(request, options);
    onHeard({ event: { id, type, payload }, isRepeat, isLate, status: reply.status, ...(forwarded && { forwarded }) });
    return reply;
  };
}

function verify({ headers, body }: Received, secret: string, nowMs: number): VerifiedWebhook | string {
  try {
    return verifyWebhook({ headers, body, secrets: [secret], nowMs });
  } catch (error) {
    if (error instanceof WebhookVerificationError) return error.reason;
    throw error;
  }
}

function typeOf(payload: unknown): string {
  const hasType = typeof payload === 'object' && payload !== null && 'type' in payload;
  return hasType && typeof payload.type === 'string' ? payload.type : 'unknown';
}

/** The bytes as they came, with the headers that sign them. The sender hears what the one behind answers. */
async function handOn(
  { headers, body }: Received,
  { forwardTo, exchange, clock }: ReceiverOptions,
): Promise<{ readonly reply: Reply; readonly forwarded?: NonNullable<Heard['forwarded']> }> {
  if (forwardTo === undefined) return { reply: { status: 204 } };
  const signed = Object.entries(headers).filter(([name]) => name.startsWith('webhook-') || name === 'content-type');
  const startedAt = clock.monotonic();
  const told = (result: string) => ({ result, durationMs: Math.round((clock.monotonic() - startedAt) * 10) / 10 });
  try {
    const { status } = await withDeadline(exchange, { clock })({
      method: 'POST',
      url: forwardTo,
      headers: Object.fromEntries(signed),
      body,
      deadlineAt: startedAt + forwardMs,
    });
    return { reply: { status }, forwarded: told(String(status)) };
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    return { reply: json(502, { error: 'forward_failed' }), forwarded: told(error.failure) };
  }
}

function json(status: number, body: object): Reply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
