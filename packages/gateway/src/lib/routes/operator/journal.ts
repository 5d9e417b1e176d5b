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
 * Puts what an operator asks for on record, before it is done: what cannot be recorded is not done. The record says
 * from which network it was asked, and under which request id the log tells more.
 */
export type Journal = (caller: Caller, action: OperatorAction) => Promise<void>;

export function createJournal(attempts: Pick<AttemptStore, 'recordEvent'>, clock: Clock): Journal {
  return async ({ requestId, address }, action) => {
    const nowMs = clock.now();
    const timestamp = new Date(nowMs).toISOString();
    await attempts.recordEvent({ ...action, requestId, network: rangesOf(address).subnet, timestamp }, nowMs);
  };
}
