import type { Clock } from 'guestpass';
import { useEffect, useId } from 'preact/hooks';
import { every } from '../../every.ts';
import { countWords } from '../../words/numbers.ts';
import { vitalsOf } from '../data/vitals.ts';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { useLoaded } from '../parts/use-loaded.ts';

export interface ReplayProgressProps {
  /** Deliveries that were made due. */
  readonly count: number;
  readonly clock: Clock;
}

const refreshMs = 2_000;

/**
 * How far a replay is, by what waits for its receivers still. Others wait in the same line, so that it may seem less far
 * than it is, and never farther.
 */
export function ReplayProgress({ count, clock }: ReplayProgressProps) {
  const id = useId();
  const metrics = useLoaded<string>('/metrics');
  useEffect(() => every(clock, refreshMs, metrics.reload), [clock]);
  const { waiting } = vitalsOf(metrics.body.value ?? '');
  return (
    <>
      <p class="notice good" role="status">
        {countWords(count)} deliveries are due now.
      </p>
      <ProblemNotice problem={metrics.problem.value} />
      {waiting !== null && (
        <div class="stack">
          <label for={id}>Sent to their receivers</label>
          <progress id={id} max={count} value={Math.max(0, count - waiting)} />
          <p class="small quiet">
            {waiting === 0
              ? 'Nothing waits any more. What was refused again is listed as dead.'
              : `${countWords(waiting)} wait, others included. It goes on when this is closed.`}
          </p>
        </div>
      )}
    </>
  );
}
