import { type ReadonlySignal, useSignal, useSignalEffect } from '@preact/signals';
import type { Clock } from 'guestpass';
import { useEffect, useRef } from 'preact/hooks';
import { type Batch, batchMs, type Live } from '../data/live.ts';
import type { Attempt } from '../data/views.ts';
import { type Pages, usePages } from '../parts/use-pages.ts';
import { type AttemptFilter, guestIn, joinOlder, matches, putOnTop, shownOneIn, thinOut } from './rows.ts';

/** Attempts as they are shown. */
export interface AttemptList extends Pick<Pages<Attempt>, 'problem' | 'loading' | 'hasMore' | 'more'> {
  readonly rows: ReadonlySignal<readonly Attempt[]>;
  readonly paused: ReadonlySignal<boolean>;
  /** Arrivals that wait, because the list is paused or somebody reads further down. */
  readonly waiting: ReadonlySignal<readonly Attempt[]>;
  /** One in so many arrivals is shown. */
  readonly oneIn: ReadonlySignal<number>;
  pause(): void;
  resume(): void;
}

/** So many rows that have fallen off the end are known; those before stand far below whatever is shown. */
const mostFallen = 1_000;

/** How long it is said that not everything was shown. */
const calmMs = 5_000;

interface AttemptTerms {
  readonly filter: AttemptFilter;
  /** Whether somebody reads further down, where rows that come in above would push away what is read. */
  readonly isAway: ReadonlySignal<boolean>;
  readonly clock: Clock;
}

/** Reads the list, then puts what arrives on top of it, unless it is paused or read further down. */
export function useAttempts(live: Live, { filter, isAway, clock }: AttemptTerms): AttemptList {
  const { outcome, code, channel, text } = filter;
  const guest = guestIn(text);
  const pages = usePages<Attempt>('/v1/attempts', { outcome, code, channel, guest }, ({ id }) => id);
  const paused = useSignal(false);
  const waiting = useSignal<readonly Attempt[]>([]);
  const oneIn = useSignal(1);
  // The answer that is waited for may have been made before them, and would put them aside.
  const early = useSignal<readonly Attempt[]>([]);
  useSignalEffect(() => {
    if (pages.loading.value || early.value.length === 0) return;
    put(early.value);
    early.value = [];
  });
  const fallen = useRef<readonly string[]>([]);
  const put = (arrivals: readonly Attempt[]) => {
    const after = putOnTop(pages.items.peek(), arrivals);
    pages.items.value = after.rows;
    fallen.current = [...after.fallen.map(({ id }) => id), ...fallen.current].slice(0, mostFallen);
  };
  const isHeld = () => paused.value || isAway.value;
  useSignalEffect(() => {
    if (isHeld() || waiting.value.length === 0) return;
    put(waiting.value);
    waiting.value = [];
  });
  useEffect(() => {
    fallen.current = [];
  }, [outcome, code, channel, guest]);

  useEffect(() => {
    let calm = () => {};
    const stop = live.listen(({ attempts, missed }: Batch) => {
      if (missed) pages.reload();
      const wanted = attempts.filter((attempt) => matches(attempt, { outcome, code, channel }));
      const share = shownOneIn(wanted.length, batchMs);
      const shown = thinOut(wanted, share);
      if (isHeld()) waiting.value = [...waiting.value, ...shown].slice(-1_000);
      else if (pages.loading.value) early.value = [...early.value, ...shown];
      else put(shown);
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
    more() {
      // Where the last page ended is not where the rows end any more.
      if (fallen.current.length === 0) return pages.more();
      pages.rejoin((read, isAll) => {
        const known = { shown: pages.items.peek(), fallen: new Set(fallen.current) };
        const joined = joinOlder(known, read, isAll);
        if (joined) fallen.current = [];
        return joined;
      });
    },
    pause() {
      paused.value = true;
    },
    resume() {
      paused.value = false;
    },
  };
}
