import { spanWords } from '../../words/numbers.ts';
import type { Attempt } from '../data/views.ts';
import { layWaterfall } from './waterfall.ts';

/** The stages of an attempt as bars on one line of time. */
export function Waterfall({ attempt }: { readonly attempt: Attempt }) {
  const bars = layWaterfall(attempt);
  if (bars.length === 0) return <p class="quiet">No stage has been timed.</p>;
  return (
    <ol class="waterfall">
      {bars.map(({ name, ms, left, width, ended }) => (
        <li key={name} data-ended={ended}>
          <span class="name">
            {name}
            {ended && <span class="small"> ended here</span>}
          </span>
          <span class="track" aria-hidden="true">
            <span class="span" style={{ left: `${left}%`, width: `${Math.max(0.5, width)}%` }} />
          </span>
          <span class="number">{spanWords(ms)}</span>
        </li>
      ))}
    </ol>
  );
}
