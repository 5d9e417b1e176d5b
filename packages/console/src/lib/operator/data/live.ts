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
  /** Opens the stream anew if it passes for open: the network may have been away, and have lost it without a word. */
  renew(): void;
}

/** One screen change for each of these spans, however many events come: more could not be read. */
export const batchMs = 250;

/** After an answer that is no stream, the browser does not come back by itself. */
const refusedMs = 3_000;

export function openLive(clock: Clock): Live {
  const state = signal<LiveState>('connecting');
  const listeners = new Set<(batch: Batch) => void>();
  let batch = emptyBatch();
  let cancelFlush: (() => void) | undefined;
  let cancelReopen = () => {};

  const flush = () => {
    const full = batch;
    cancelFlush = undefined;
    batch = emptyBatch();
    for (const listener of listeners) listener(full);
  };
  const take = (change: (batch: OpenBatch) => void) => {
    change(batch);
    cancelFlush ??= clock.after(batchMs, flush);
  };
  const open = () => {
    const source = openEvents('/v1/stream');
    source.addEventListener('open', () => {
      state.value = 'live';
    });
    source.addEventListener('error', () => {
      state.value = source.readyState === source.CLOSED ? 'refused' : 'away';
      if (state.value === 'refused') cancelReopen = clock.after(refusedMs, reopen);
    });
    source.addEventListener('attempt', ({ data }) => take(({ attempts }) => attempts.push(JSON.parse(data))));
    source.addEventListener('delivery', ({ data }) => take(({ deliveries }) => deliveries.push(JSON.parse(data))));
    source.addEventListener('missed', () => take(miss));
    return source;
  };
  // A new stream does not know what the one before has heard.
  const reopen = () => {
    source = open();
    take(miss);
  };
  let source = open();

  return {
    state,
    listen(then) {
      listeners.add(then);
      return () => void listeners.delete(then);
    },
    renew() {
      if (state.peek() !== 'live') return;
      source.close();
      state.value = 'connecting';
      reopen();
    },
    [Symbol.dispose]() {
      source.close();
      cancelReopen();
      cancelFlush?.();
      listeners.clear();
    },
  };
}

interface OpenBatch extends Batch {
  readonly attempts: Attempt[];
  readonly deliveries: DeliveryNews[];
  missed: boolean;
}

function emptyBatch(): OpenBatch {
  return { attempts: [], deliveries: [], missed: false };
}

function miss(batch: OpenBatch): void {
  batch.missed = true;
}
