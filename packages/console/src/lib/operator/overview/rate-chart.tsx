import { useEffect, useMemo, useRef } from 'preact/hooks';
import UPlot from 'uplot';
import { timeWords, type Zone } from '../../words/instants.ts';
import { spanWords } from '../../words/numbers.ts';
import type { Bucket } from '../data/samples.ts';
import { Instant } from '../parts/instant.tsx';
import { Table } from '../parts/table.tsx';
import { useTheme, useZone } from '../preferences/preferences.ts';
import { type ChartColors, chartColors } from './chart-colors.ts';

export interface RateChartProps {
  readonly buckets: readonly Bucket[];
  /** The window, such as `15 minutes`. */
  readonly words: string;
}

const height = 220;

/** Attempts a second and p95 over time; a text and a table tell the same without the picture. */
export function RateChart({ buckets, words }: RateChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<UPlot | null>(null);
  const [zone, theme] = [useZone(), useTheme()];
  const data = useMemo(() => dataOf(buckets), [buckets]);

  useEffect(() => {
    const element = place.current;
    if (!element) return;
    const draw = () => {
      chart.current?.destroy();
      chart.current = new UPlot(optionsOf(element.clientWidth, chartColors(element), zone), data, element);
    };
    draw();
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    const sizes = new ResizeObserver(() => chart.current?.setSize({ width: element.clientWidth, height }));
    sizes.observe(element);
    return () => {
      scheme.removeEventListener('change', draw);
      sizes.disconnect();
      chart.current?.destroy();
      chart.current = null;
    };
  }, [zone, theme]);
  useEffect(() => chart.current?.setData(data), [data]);

  return (
    <section aria-labelledby="rate">
      <h2 id="rate">Rate and time</h2>
      <figure class="chart">
        <div ref={place} aria-hidden="true" />
        <figcaption class="small quiet">{summaryOf(buckets, words)}</figcaption>
      </figure>
      <details>
        <summary>The same as a table</summary>
        <Table caption="Rate and time" columns={['From', 'Attempts a second', 'Failed a second', 'p95']}>
          {buckets
            .filter(({ perSecond }) => perSecond > 0)
            .map(({ fromMs, perSecond, failedPerSecond, p95 }) => (
              <tr key={fromMs}>
                <th scope="row" class="number">
                  <Instant at={fromMs} />
                </th>
                <td class="number">{perSecond.toFixed(2)}</td>
                <td class="number">{failedPerSecond.toFixed(2)}</td>
                <td class="number">{p95 === null ? '–' : spanWords(p95)}</td>
              </tr>
            ))}
        </Table>
      </details>
    </section>
  );
}

function dataOf(buckets: readonly Bucket[]): UPlot.AlignedData {
  return [
    buckets.map(({ fromMs }) => fromMs / 1_000),
    buckets.map(({ perSecond }) => perSecond),
    buckets.map(({ failedPerSecond }) => failedPerSecond),
    buckets.map(({ p95 }) => p95),
  ];
}

const line = { width: 2, points: { show: false } };

/** Lines differ in their dashes too. */
function optionsOf(width: number, colors: ChartColors, zone: Zone): UPlot.Options {
  const axis = { stroke: colors.quiet, grid: { stroke: colors.line, width: 1 }, ticks: { show: false } };
  return {
    width,
    height,
    cursor: { y: false },
    legend: { live: false },
    scales: {
      rate: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] },
      ms: { range: (_, __, most) => [0, Math.max(10, most * 1.1)] },
    },
    axes: [
      { ...axis, grid: { show: false }, space: 70, values: (_, ticks) => timesOf(ticks, zone) },
      { ...axis, scale: 'rate', size: 46, values: (_, ticks) => ticks.map((tick) => `${tick}/s`) },
      { ...axis, scale: 'ms', side: 1, size: 64, grid: { show: false }, values: (_, ticks) => ticks.map(spanWords) },
    ],
    series: [
      {},
      { label: 'attempts/s', scale: 'rate', stroke: colors.accent, fill: colors.fill, ...line },
      { label: 'failed/s', scale: 'rate', stroke: colors.bad, ...line, dash: [3, 3] },
      {
        label: 'p95',
        scale: 'ms',
        stroke: colors.odd,
        ...line,
        dash: [9, 4],
        spanGaps: true,
        points: { show: true, size: 5 },
      },
    ],
  };
}

/** Seconds are told only where the ticks are closer than minutes. */
function timesOf(ticks: readonly number[], zone: Zone): string[] {
  const [first = 0, second = 0] = ticks;
  const length = second - first < 60 ? 8 : 5;
  return ticks.map((tick) => timeWords(tick * 1_000, zone).slice(0, length));
}

function summaryOf(buckets: readonly Bucket[], words: string): string {
  const most = Math.max(...buckets.map(({ perSecond }) => perSecond));
  const slowest = Math.max(...buckets.map(({ p95 }) => p95 ?? 0));
  if (most === 0) return `No attempts in the last ${words}.`;
  return `In the last ${words}: at most ${most.toFixed(2)} attempts a second, and a p95 of at most ${spanWords(slowest)}.`;
}
