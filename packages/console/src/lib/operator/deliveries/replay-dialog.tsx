import { useSignal } from '@preact/signals';
import type { Clock } from 'guestpass';
import { ask, type Problem } from '../../network.ts';
import { countWords } from '../../words/numbers.ts';
import type { Endpoint } from '../data/views.ts';
import { Drawer } from '../parts/drawer.tsx';
import { ProblemNotice } from '../parts/problem-notice.tsx';
import { ReasonForm } from '../parts/reason-form.tsx';
import { filterOf, type ReplayChoice } from './replay-filter.ts';
import { ReplayProgress } from './replay-progress.tsx';

export interface ReplayDialogProps {
  readonly endpoints: readonly Endpoint[];
  /** What the list shows, which is what is meant at first. */
  readonly shown: Partial<Pick<ReplayChoice, 'state' | 'endpointId'>>;
  readonly clock: Clock;
  readonly onClose: () => void;
}

interface ReplayResult {
  readonly count: number;
}

/** First what would be delivered again is counted, then it is done with a reason, and then one sees how far it is. */
export function ReplayDialog({ endpoints, shown, clock, onClose }: ReplayDialogProps) {
  const choice = useSignal<ReplayChoice>({ state: 'dead', endpointId: '', from: '', to: '', ...shown });
  const counted = useSignal<number | null>(null);
  const done = useSignal<number | null>(null);
  const problem = useSignal<Problem | null>(null);

  const preview = async (event: Event) => {
    event.preventDefault();
    const asked = choice.value;
    const body = { dryRun: true, filter: filterOf(asked) };
    const answer = await ask<ReplayResult>('/v1/deliveries/replays', { method: 'POST', body });
    // What was counted is not what would be delivered again by now.
    if (choice.value !== asked) return;
    problem.value = answer.ok ? null : answer.problem;
    counted.value = answer.ok ? answer.body.count : null;
  };
  const replay = async (reason: string) => {
    const body = { dryRun: false, filter: filterOf(choice.value), reason };
    const answer = await ask<ReplayResult>('/v1/deliveries/replays', { method: 'POST', body });
    if (!answer.ok) return answer.problem;
    done.value = answer.body.count;
    return null;
  };
  const choose = (change: Partial<ReplayChoice>) => {
    choice.value = { ...choice.value, ...change };
    counted.value = null;
  };

  return (
    <Drawer title="Replay many deliveries" kind="dialog" onClose={onClose}>
      {done.value !== null ? (
        <>
          <ReplayProgress count={done.value} clock={clock} />
          <div class="actions">
            <button type="button" class="main" onClick={onClose}>
              Done
            </button>
          </div>
        </>
      ) : (
        <>
          <form class="stack" onSubmit={(event) => void preview(event)}>
            <ReplayFields choice={choice.value} endpoints={endpoints} onChange={choose} />
            <ProblemNotice problem={problem.value} />
            <div class="actions">
              <button type="submit">Count them first</button>
            </div>
          </form>
          {counted.value !== null && (
            <p class="notice" role="status">
              {counted.value === 0 ? 'None match.' : `${countWords(counted.value)} match. Nothing was changed yet.`}
            </p>
          )}
          {counted.value !== null && counted.value > 0 && (
            <ReasonForm action={`Deliver ${countWords(counted.value)} once more`} onSubmit={replay} />
          )}
        </>
      )}
    </Drawer>
  );
}

interface ReplayFieldsProps {
  readonly choice: ReplayChoice;
  readonly endpoints: readonly Endpoint[];
  readonly onChange: (change: Partial<ReplayChoice>) => void;
}

function ReplayFields({ choice, endpoints, onChange }: ReplayFieldsProps) {
  return (
    <>
      <label>
        State
        <select value={choice.state} onChange={(event) => onChange({ state: event.currentTarget.value })}>
          <option value="">any that can be replayed</option>
          <option>dead</option>
          <option>delivered</option>
          <option>held</option>
        </select>
      </label>
      <label>
        Endpoint
        <select value={choice.endpointId} onChange={(event) => onChange({ endpointId: event.currentTarget.value })}>
          <option value="">any</option>
          {endpoints.map(({ id, url }) => (
            <option key={id} value={id}>
              {url}
            </option>
          ))}
        </select>
      </label>
      <div class="pair">
        <label>
          Created from
          <input
            type="datetime-local"
            value={choice.from}
            onInput={(event) => onChange({ from: event.currentTarget.value })}
          />
        </label>
        <label>
          Created before
          <input
            type="datetime-local"
            value={choice.to}
            onInput={(event) => onChange({ to: event.currentTarget.value })}
          />
        </label>
      </div>
    </>
  );
}
