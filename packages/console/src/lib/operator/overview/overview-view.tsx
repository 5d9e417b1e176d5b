import type { Clock } from 'guestpass';
import { useMemo } from 'preact/hooks';
import { countWords, shareWords, spanWords } from '../../words/numbers.ts';
import { bannerOf } from '../data/banner.ts';
import {
  bucketsOf,
  percentile,
  type Sample,
  summarizeCodes,
  summarizeStages,
  totalsOf,
  triedOf,
} from '../data/samples.ts';
import { stageLines } from '../data/stage-lines.ts';
import { summarizeTries } from '../data/tries.ts';
import { Instant } from '../parts/instant.tsx';
import type { Navigation } from '../place.ts';
import { BannerCard } from './banner-card.tsx';
import { Card } from './card.tsx';
import { CodeTable } from './code-table.tsx';
import type { History } from './history.ts';
import { RateChart } from './rate-chart.tsx';
import { StageStrip } from './stage-strip.tsx';
import { VitalCards } from './vital-cards.tsx';

export interface OverviewViewProps {
  readonly history: History;
  readonly navigation: Navigation;
  readonly clock: Clock;
}

/** How far back one may look. */
const windows = {
  '5m': { words: '5 minutes', ms: 300_000 },
  '15m': { words: '15 minutes', ms: 900_000 },
  '1h': { words: 'hour', ms: 3_600_000 },
} as const;

type WindowName = keyof typeof windows;

const windowNames = Object.keys(windows) as WindowName[];
const bucketCount = 60;
const lineCount = 30;

/** Can customers get in now, and whose fault is it? */
export function OverviewView({ history, navigation, clock }: OverviewViewProps) {
  const asked = navigation.place.value.params.window;
  const name = windowNames.find((one) => one === asked) ?? '15m';
  const { ms, words } = windows[name];
  const toMs = history.nowMs.value;
  const known = history.samples.value;
  const samples = useMemo(() => known.filter(({ atMs }) => atMs >= toMs - ms), [known, toMs, ms]);
  const tries = history.tries.value;
  const stages = useMemo(
    () => [
      ...summarizeStages(samples).filter(({ stage }) => stage !== 'webhook'),
      summarizeTries(tries.filter(({ atMs }) => atMs >= toMs - ms)),
    ],
    [samples, tries, toMs, ms],
  );
  const lines = useMemo(() => stageLines(samples, { fromMs: toMs - ms, toMs, count: lineCount }), [samples, toMs, ms]);
  const codes = useMemo(() => summarizeCodes(samples), [samples]);
  const buckets = useMemo(
    () => bucketsOf(samples, { fromMs: toMs - ms, toMs, count: bucketCount }),
    [samples, toMs, ms],
  );
  const banner = bannerOf({
    readiness: history.readiness.value,
    samples: history.isRead.value ? samples : null,
    known,
    window: words,
  });
  const cutOffMs = history.knownFromMs.value;

  return (
    <>
      <div class="toolbar">
        <fieldset class="segments">
          <legend class="unseen">Window</legend>
          {windowNames.map((one) => (
            <button
              key={one}
              type="button"
              aria-pressed={one === name}
              onClick={() => navigation.change({ window: one === '15m' ? null : one })}
            >
              {one}
            </button>
          ))}
        </fieldset>
        {cutOffMs > toMs - ms && (
          <p class="small quiet">
            Known since <Instant at={cutOffMs} />: earlier attempts were too many to read.
          </p>
        )}
      </div>
      <BannerCard banner={banner} clock={clock} />
      <StageStrip stages={stages} lines={lines} />
      <Cards samples={samples} ms={Math.min(ms, Math.max(1, toMs - cutOffMs))} clock={clock} />
      <RateChart buckets={buckets} words={words} />
      <CodeTable codes={codes} navigation={navigation} />
    </>
  );
}

interface CardsProps {
  readonly samples: readonly Sample[];
  /** The time they are from. */
  readonly ms: number;
  readonly clock: Clock;
}

function Cards({ samples, ms, clock }: CardsProps) {
  const totals = totalsOf(samples);
  const tried = triedOf(totals);
  const spans = samples.flatMap(({ durationMs }) => durationMs ?? []);
  const span = (share: number) => {
    const value = percentile(spans, share);
    return value === null ? '–' : spanWords(value);
  };
  return (
    <ul class="cards">
      <Card
        name="Success"
        value={shareWords(totals.admitted, tried)}
        note={`${countWords(totals.admitted)} of ${countWords(tried)} tried`}
      />
      <Card
        name="Attempts"
        value={countWords(totals.all)}
        note={`${((totals.all * 1_000) / ms).toFixed(totals.all === 0 ? 0 : 2)} a second`}
      />
      <Card name="Time, p50" value={span(0.5)} note={`p95 ${span(0.95)} · p99 ${span(0.99)}`} />
      <Card
        name="Not let in"
        value={countWords(totals.failed + totals.unknown)}
        note={`${countWords(totals.unknown)} unknown · ${countWords(totals.refused)} refused`}
      />
      <VitalCards clock={clock} />
    </ul>
  );
}
