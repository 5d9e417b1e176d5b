import { type Breaker, type BreakerState, createBreaker } from './breaker-state.ts';
import { notify } from './notify.ts';
import { createRetryBudget, type RetryBudget } from './retry-budget.ts';

/** How the circuit breakers of a client are watched. */
export interface BreakerOptions {
  /** Told of each change. It may throw; it cannot change anything. Default nobody is. */
  readonly onChange?: ((change: BreakerChange) => void) | undefined;
}

/** A circuit breaker that changed. */
export interface BreakerChange {
  /**
   * What it holds back: calls for tokens, exchanges and refreshes of sign-ins, or calls for guests, sessions of web
   * messaging among them.
   */
  readonly operation: 'token' | 'sign-in' | 'guest';
  readonly state: BreakerState;
}

/** What keeps an upstream in trouble from our calls. Shared by everything that calls it. */
export interface UpstreamGuard {
  readonly breaker: Breaker;
  readonly budget: RetryBudget;
}

/** A guard of calls of this kind; none where no breaker is wanted. */
export function createUpstreamGuard(
  operation: BreakerChange['operation'],
  wanted: boolean | BreakerOptions,
): UpstreamGuard | undefined {
  if (wanted === false) return undefined;
  const { onChange } = wanted === true ? {} : wanted;
  return {
    breaker: createBreaker({ onChange: (state) => notify(onChange, { operation, state }) }),
    budget: createRetryBudget(),
  };
}
