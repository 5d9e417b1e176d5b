import type { Turned } from '../http/turn-away.ts';
import type { EndedTry } from '../jobs/deliver-webhook.ts';
import type { EndedRequest } from '../routes/authenticate-guest.ts';
import type { EndedWithdrawal } from '../routes/withdraw-consent.ts';

/** Told what happens, off the guest's path. */
export interface GatewayObserver {
  readonly request: (ended: EndedRequest) => void;
  readonly withdrawal: (ended: EndedWithdrawal) => void;
  readonly delivery: (ended: EndedTry) => void;
  readonly turned: (turned: Turned) => void;
  readonly problem: (error: unknown) => void;
}

/** The same observer, complete, and harmless: what it throws is told as a problem and reaches nobody else. */
export function calmObserver(observer: Partial<GatewayObserver>): GatewayObserver {
  const problem = (error: unknown) => {
    try {
      observer.problem?.(error);
    } catch {
      // Whoever reports a problem has no one left to report to.
    }
  };
  const calm = (tell: () => void) => {
    try {
      tell();
    } catch (error) {
      problem(error);
    }
  };
  return {
    request: (ended) => calm(() => observer.request?.(ended)),
    withdrawal: (ended) => calm(() => observer.withdrawal?.(ended)),
    delivery: (ended) => calm(() => observer.delivery?.(ended)),
    turned: (turned) => calm(() => observer.turned?.(turned)),
    problem,
  };
}
