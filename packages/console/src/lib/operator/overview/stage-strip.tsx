import { countWords, spanWords } from '../../words/numbers.ts';
import type { StageSummary } from '../data/samples.ts';
import { pointsOf, type StageLine } from '../data/stage-lines.ts';
import type { StageName } from '../data/views.ts';

export interface StageStripProps {
  readonly stages: readonly StageSummary[];
  /** The p95 of each stage over time. */
  readonly lines: ReadonlyMap<StageName, StageLine>;
}

/** Each stage with its times and what ended there; the worst is marked by color, shape and word. */
export function StageStrip({ stages, lines }: StageStripProps) {
  const worst = stages.reduce((one, other) => (other.failed > one.failed ? other : one));
  return (
    <section aria-labelledby="stages">
      <h2 id="stages">Stages</h2>
      <ol class="stages">
        {stages.map((stage) => (
          <Stage
            key={stage.stage}
            summary={stage}
            line={lines.get(stage.stage) ?? []}
            isWorst={stage === worst && stage.failed > 0}
          />
        ))}
      </ol>
    </section>
  );
}

interface StageProps {
  readonly summary: StageSummary;
  readonly line: StageLine;
  readonly isWorst: boolean;
}

const box = { width: 100, height: 20 };

function Stage({ summary, line, isWorst }: StageProps) {
  const { stage, count, failed, refused, p50, p95 } = summary;
  const tone = isWorst ? 'bad' : failed > 0 ? 'warn' : refused > 0 ? 'note' : count > 0 ? 'good' : 'idle';
  return (
    <li class="stage" data-tone={tone}>
      <p class="name">
        <span aria-hidden="true">{isWorst ? '■ ' : failed > 0 ? '▲ ' : ''}</span>
        {stage}
        {isWorst && <span class="small"> worst</span>}
      </p>
      <dl>
        <div>
          <dt>p50</dt>
          <dd class="number">{p50 === null ? '–' : spanWords(p50)}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd class="number">{p95 === null ? '–' : spanWords(p95)}</dd>
        </div>
      </dl>
      <svg
        class="line"
        viewBox={`-1 -2 ${box.width + 2} ${box.height + 4}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        <polyline points={pointsOf(line, box)} />
      </svg>
      <p class="small number">{endsWords(summary)}</p>
    </li>
  );
}

function endsWords({ stage, count, failed, refused }: StageSummary): string {
  const parts = [
    ...(failed > 0 ? [`${countWords(failed)} failed`] : []),
    ...(refused > 0 ? [`${countWords(refused)} refused`] : []),
  ];
  if (parts.length > 0) return parts.join(', ');
  if (count > 0) return 'none failed';
  // Tries of before the page was opened are not known.
  return stage === 'webhook' ? 'none heard of yet' : 'nothing yet';
}
