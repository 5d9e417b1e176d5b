import type { BreakerChange } from 'guestpass';
import type { GatewayLog } from './log.ts';
import type { Metrics } from './metrics/metrics.ts';

/** Knows which calls to the platform are held back at the moment. */
export interface PlatformBreakers {
  /** Tells the log and the metrics. */
  onChange(change: BreakerChange): void;
  /** The calls that are held back: `token`, `guest`, both or none. */
  heldBack(): readonly BreakerChange['operation'][];
}

/** A probe under way holds the other calls back too, so half-open is not closed. */
export function watchBreakers(watch: {
  readonly log: Pick<GatewayLog, 'breakerChanged'>;
  readonly metrics: Pick<Metrics, 'circuitOpen'>;
}): PlatformBreakers {
  const open = new Set<BreakerChange['operation']>();
  return {
    onChange(change) {
      const { operation, state } = change;
      if (state === 'closed') open.delete(operation);
      else open.add(operation);
      watch.metrics.circuitOpen({ operation, open: open.has(operation) });
      watch.log.breakerChanged(change);
    },
    heldBack: () => [...open],
  };
}
