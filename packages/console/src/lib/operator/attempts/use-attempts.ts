import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect } from 'preact/hooks';
import { type Batch, batchMs, type Live } from '../data/live.ts';
import type { Attempt } from '../data/views.ts';
import { type Pages, usePages } from '../parts/use-pages.ts';
import { type AttemptFilter, guestIn, matches, putOnTop, shownOneIn, thinOut } from './rows.ts';

/** Attempts as they are shown. */
export interface AttemptList extends Pick<Pages<Attempt>, 'problem' | 'loading' | 'hasMore' | 'more'> {
  readonly rows: ReadonlySignal<readonly Attempt[]>;
  readonly paused: ReadonlySignal<boolean>;
  /** Arrivals that wait since the pause. */
  readonly waiting: ReadonlySignal<readonly Attempt[]>;
  /** One in so many arrivals is shown. */
  readonly oneIn: ReadonlySignal<number>;
  pause(): void;
  resume(): void;
}

/** How long it is said that not everything was shown. */
const calmMs = 5_000;

interface AttemptTerms {
  readonly filter: AttemptFilter;
  readonly clock: Clock;
}

/** Reads the list, then puts what arrives on top of it, unless it is paused. */
export function useAttempts(live: Live, { filter, clock }: AttemptTerms): AttemptList {
  const { outcome, code, channel, text } = filter;
  const pages = usePages<Attempt>('/v1/attempts', { outcome, code, channel, guest: guestIn(text) });
  const paused = useSignal(false);
  const waiting = useSignal<readonly Attempt[]>([]);
  const oneIn = useSignal(1);
  // The answer that is waited for may have been made before them, and would put them aside.
  const early = useSignal<readonly Attempt[]>([]);
  useSignalEffect(() => {
    if (pages.loading.value || early.value.length === 0) return;
    pages.items.value = putOnTop(pages.items.peek(), early.value);
    early.value = [];
  });

  useEffect(() => {
    let calm = () => {};
    const stop = live.listen(({ attempts, missed }: Batch) => {
      if (missed) pages.reload();
      const wanted = attempts.filter((attempt) => matches(attempt, { outcome, code, channel }));
      const share = shownOneIn(wanted.length, batchMs);
      const shown = thinOut(wanted, share);
      if (paused.value) waiting.value = [...waiting.value, ...shown].slice(-1_000);
      else if (pages.loading.value) early.value = [...early.value, ...shown];
      else pages.items.value = putOnTop(pages.items.value, shown);
      if (share === 1) return;
      oneIn.value = share;
      calm();
      calm = clock.after(calmMs, () => {
        oneIn.value = 1;
      });
    });
    return () => {
      stop();
      calm();
    };
  }, [live, clock, outcome, code, channel]);

  return {
    ...pages,
    rows: pages.items,
    paused,
    waiting,
    oneIn,
    pause() {
      paused.value = true;
    },
    resume() {
      pages.items.value = putOnTop(pages.items.value, waiting.value);
      waiting.value = [];
      paused.value = false;
    },
  };
}
