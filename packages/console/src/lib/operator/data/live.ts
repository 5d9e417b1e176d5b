import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { openEvents } from '../../network.ts';
import type { Attempt, DeliveryNews } from './views.ts';

/** Whether news come: `away` is a connection that the browser tries to get back, `refused` one that it gave up. */
export type LiveState = 'connecting' | 'live' | 'away' | 'refused';

/** What came since the last batch. */
export interface Batch {
  readonly attempts: readonly Attempt[];
  readonly deliveries: readonly DeliveryNews[];
  /** True when more happened than the gateway remembers. */
  readonly missed: boolean;
}

/** The gateway's stream of news. */
export interface Live extends Disposable {
  readonly state: ReadonlySignal<LiveState>;
  /** Calls `then` with each batch; returns what ends that. */
  listen(then: (batch: Batch) => void): () => void;
}

/** One screen change for each of these spans, however many events come: more could not be read. */
export const batchMs = 250;

export function openLive(clock: Clock): Live {
  const state = signal<LiveState>('connecting');
  const listeners = new Set<(batch: Batch) => void>();
  const source = openEvents('/v1/stream');
  let attempts: Attempt[] = [];
  let deliveries: DeliveryNews[] = [];
  let missed = false;
  let cancel: (() => void) | undefined;

  const flush = () => {
    const batch = { attempts, deliveries, missed };
    cancel = undefined;
    attempts = [];
    deliveries = [];
    missed = false;
    for (const listener of listeners) listener(batch);
  };
  const later = () => {
    cancel ??= clock.after(batchMs, flush);
  };
  source.addEventListener('open', () => {
    state.value = 'live';
  });
  source.addEventListener('error', () => {
    state.value = source.readyState === source.CLOSED ? 'refused' : 'away';
  });
  source.addEventListener('attempt', ({ data }) => {
    attempts.push(JSON.parse(data));
    later();
  });
  source.addEventListener('delivery', ({ data }) => {
    deliveries.push(JSON.parse(data));
    later();
  });
  source.addEventListener('missed', () => {
    missed = true;
    later();
  });

  return {
    state,
    listen(then) {
      listeners.add(then);
      return () => void listeners.delete(then);
    },
    [Symbol.dispose]() {
      source.close();
      cancel?.();
      listeners.clear();
    },
  };
}
