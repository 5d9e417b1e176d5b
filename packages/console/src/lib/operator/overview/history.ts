import { type ReadonlySignal, signal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { every } from '../../every.ts';
import { type Answer, ask } from '../../network.ts';
import type { Batch, Live } from '../data/live.ts';
import { withQuery } from '../data/query.ts';
import { addSamples, mostSamples, type Sample, sampleOf } from '../data/samples.ts';
import { addTries, type Try, tryOf } from '../data/tries.ts';
import type { Attempt, Page, Readiness } from '../data/views.ts';

/** What happened lately, kept up to date. */
export interface History extends Disposable {
  /** Oldest first. */
  readonly samples: ReadonlySignal<readonly Sample[]>;
  /** Whether the newest of them were read: without that it is not known that nobody asked. */
  readonly isRead: ReadonlySignal<boolean>;
  /** Tries of webhooks that were heard of since the page was opened. */
  readonly tries: ReadonlySignal<readonly Try[]>;
  /** Before this instant nothing is known, because it was too much to read. */
  readonly knownFromMs: ReadonlySignal<number>;
  /** `null` when the gateway does not answer, `undefined` before it was asked. */
  readonly readiness: ReadonlySignal<Readiness | null | undefined>;
  /** Now, as it is shown: moves on once a second. */
  readonly nowMs: ReadonlySignal<number>;
}

const longestMs = 3_600_000;
const pageSize = 200;
/** So many attempts are read at the start; what comes later is heard. */
const mostPages = 10;
const readinessMs = 3_000;
/** News come from one gateway; what the others of a fleet let in is read. */
const othersMs = 15_000;

/** Reads the last hour, as far as it fits into a few pages, and hears what comes after. */
export function createHistory(live: Live, clock: Clock): History {
  const samples = signal<readonly Sample[]>([]);
  const isRead = signal(false);
  const tries = signal<readonly Try[]>([]);
  const knownFromMs = signal(clock.now() - longestMs);
  const readiness = signal<Readiness | null | undefined>(undefined);
  const nowMs = signal(clock.now());
  const stop = new AbortController();

  const add = (found: readonly Sample[]) => {
    const settled = found.filter(({ outcome }) => outcome !== 'intent');
    samples.value = addSamples(samples.peek(), settled);
    const [oldest] = samples.peek();
    if (oldest && samples.peek().length === mostSamples) knownFromMs.value = oldest.atMs;
  };
  const read = async () => {
    const known = new Set(samples.peek().map(({ id }) => id));
    let after: string | null = null;
    for (let page = 0; page < mostPages; page += 1) {
      const path = withQuery('/v1/attempts', { limit: pageSize, after });
      const answer: Answer<Page<Attempt>> = await ask<Page<Attempt>>(path, { signal: stop.signal });
      if (!answer.ok) return;
      const found = answer.body.data.map(sampleOf);
      add(found);
      isRead.value = true;
      after = answer.body.nextCursor;
      const oldest = found.at(-1);
      if (oldest && known.has(oldest.id)) return;
      const fromMs = clock.now() - longestMs;
      if (after === null || !oldest || oldest.atMs < fromMs) {
        knownFromMs.value = fromMs;
        return;
      }
      knownFromMs.value = oldest.atMs;
    }
  };
  const hear = ({ attempts, deliveries, missed }: Batch) => {
    tries.value = addTries(tries.peek(), deliveries.map(tryOf));
    add(attempts.map(sampleOf));
    if (missed) void read().catch(() => {});
  };
  const look = async () => {
    const answer = await ask<Readiness>('/readyz?verbose', { signal: stop.signal });
    const wasGone = readiness.peek() === null;
    readiness.value = answer.ok ? answer.body : readinessIn(answer.body);
    if (wasGone && readiness.peek() !== null) live.renew();
  };

  void read().catch(() => {});
  const ends = [
    live.listen(hear),
    every(clock, 1_000, () => {
      nowMs.value = clock.now();
    }),
    every(clock, othersMs, () => void read().catch(() => {})),
    every(clock, readinessMs, () => void look().catch(() => {})),
  ];
  void look().catch(() => {});
  return {
    samples,
    isRead,
    tries,
    knownFromMs,
    readiness,
    nowMs,
    [Symbol.dispose]() {
      stop.abort();
      for (const end of ends) end();
    },
  };
}

/** A gateway that is not ready says so with status 503. */
function readinessIn(body: unknown): Readiness | null {
  const isReadiness = typeof body === 'object' && body !== null && 'status' in body && body.status === 'not_ready';
  // A cast, because the answer is the gateway's.
  return isReadiness ? (body as Readiness) : null;
}
