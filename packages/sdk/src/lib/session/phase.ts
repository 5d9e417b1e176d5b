import type { SessionState } from './channel-io.ts';
import type { Ending } from './session-errors.ts';

/** What a channel is doing. `over` is the end, unless a new conversation is begun. */
export type Phase = 'idle' | 'dialing' | 'configuring' | 'configured' | 'restarting' | 'over';

/** What the state of a session follows from. */
export interface Standing {
  readonly phase: Phase;
  /** How it ended, once it is over. */
  readonly ending: Ending;
  /** True while nothing is missing. */
  readonly isWhole: boolean;
  /** True once nothing was missing. */
  readonly hasBegun: boolean;
  /** True while the guest begins the next conversation, until a connection is lost. */
  readonly isBeginning: boolean;
  readonly isReadOnly: boolean;
}

/** Where the session stands for the guest. */
export function stateOf({ phase, ending, isWhole, hasBegun, isBeginning, isReadOnly }: Standing): SessionState {
  if (phase === 'over') return ending;
  if (isWhole) return isReadOnly ? 'read-only' : 'ready';
  if (hasBegun && !isBeginning) return 'reconnecting';
  return phase === 'idle' || phase === 'dialing' ? 'connecting' : 'configuring';
}
