import { type Attempt, stageNames } from '../data/views.ts';

/** One bar of the waterfall. */
export interface Bar {
  readonly name: string;
  readonly ms: number;
  /** Where it begins and how wide it is, in percent of the whole. */
  readonly left: number;
  readonly width: number;
  readonly ended: boolean;
}

/** The intent is on record before anything is asked. */
const order = ['payload', 'audit', ...stageNames.filter((name) => name !== 'payload' && name !== 'audit')] as const;

/** Lays the stages out one after the other. Time that no stage tells of is shown as `other`. */
export function layWaterfall({ stages, durationMs, stage }: Pick<Attempt, 'stages' | 'durationMs' | 'stage'>): Bar[] {
  const spans = order.flatMap((name) => {
    const ms = stages?.[name];
    return ms === undefined ? [] : [{ name: name as string, ms }];
  });
  const sum = spans.reduce((all, { ms }) => all + ms, 0);
  const whole = Math.max(sum, durationMs ?? 0);
  const other = whole - sum;
  const all = other > 0.01 * whole ? [...spans, { name: 'other', ms: other }] : spans;
  let passed = 0;
  return all.map(({ name, ms }) => {
    const bar = { name, ms, left: percent(passed, whole), width: percent(ms, whole), ended: name === stage };
    passed += ms;
    return bar;
  });
}

function percent(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 10_000) / 100;
}
