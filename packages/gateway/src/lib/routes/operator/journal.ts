import type { Clock, JsonValue } from 'guestpass';
import { rangesOf } from '../../settings/network.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { Caller } from './route.ts';

/** What an operator asked for. */
export interface OperatorAction {
  readonly eventType: `OPERATOR_${string}`;
  /** In the operator's words. */
  readonly reason?: string | undefined;
  readonly attemptId?: string;
  readonly [detail: string]: JsonValue | undefined;
}

/**
 * Puts what an operator asks for on record, before it is done or told: what cannot be recorded is not. The record says
 * who asked, with which role, from which network, and under which request id the log tells more.
 */
export type Journal = (caller: Caller, action: OperatorAction) => Promise<void>;

export function createJournal(attempts: Pick<AttemptStore, 'recordEvent'>, clock: Clock): Journal {
  return async ({ requestId, address, operator: { name, role, issuer } }, action) => {
    const nowMs = clock.now();
    const timestamp = new Date(nowMs).toISOString();
    const network = rangesOf(address).subnet;
    const who = { operator: name, role, ...(issuer !== undefined && { issuer }) };
    await attempts.recordEvent({ ...action, ...who, requestId, network, timestamp }, nowMs);
  };
}
