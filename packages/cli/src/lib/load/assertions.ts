import type { Measured } from './measurements.ts';

/** Something that must hold of what was measured, such as `p95<800ms`. */
export interface Assertion {
  /** As it was written. */
  readonly text: string;
  readonly metric: Metric;
  readonly operator: Operator;
  /** Milliseconds, percent, guests a second, or guests. */
  readonly limit: number;
}

const metrics = {
  min: 'span',
  mean: 'span',
  p50: 'span',
  p90: 'span',
  p95: 'span',
  p99: 'span',
  'p99.9': 'span',
  max: 'span',
  errors: 'share',
  rate: 'rate',
  admitted: 'count',
  refused: 'count',
  failed: 'count',
  unknown: 'count',
} as const;

type Metric = keyof typeof metrics;

const operators = {
  '<': (value: number, limit: number) => value < limit,
  '<=': (value: number, limit: number) => value <= limit,
  '>': (value: number, limit: number) => value > limit,
  '>=': (value: number, limit: number) => value >= limit,
} as const;

type Operator = keyof typeof operators;

/** Which units a metric takes, and what each is worth. */
const units: Readonly<Record<(typeof metrics)[Metric], Readonly<Record<string, number>>>> = {
  span: { ms: 1, s: 1_000 },
  share: { '%': 1 },
  rate: { '/s': 1, '/m': 1 / 60 },
  count: { '': 1 },
};

/** Reads assertions that commas separate; a text that is none is told as a string. */
export function parseAssertions(text: string): readonly Assertion[] | string {
  const parsed = text.split(',').map((one) => parseAssertion(one.trim()));
  const fault = parsed.find((one) => typeof one === 'string');
  // What is no assertion was found just now.
  return fault ?? (parsed as readonly Assertion[]);
}

function parseAssertion(text: string): Assertion | string {
  const [, metric = '', operator = '', digits = '', unit = ''] =
    /^([a-z][\w.]*)\s*(<=?|>=?)\s*(\d+(?:\.\d+)?)\s*(\D*)$/.exec(text) ?? [];
  if (!isMetric(metric)) return `${text || 'nothing'}: name one of ${Object.keys(metrics).join(', ')}`;
  const worth = units[metrics[metric]][unit];
  if (worth === undefined) {
    const known = Object.keys(units[metrics[metric]]).join(' or ');
    return `${text}: ${known === '' ? 'takes no unit' : `needs the unit ${known}`}`;
  }
  // A cast, because the expression lets no other operator through.
  return { text, metric, operator: operator as Operator, limit: Number(digits) * worth };
}

function isMetric(text: string): text is Metric {
  return Object.hasOwn(metrics, text);
}

/** An assertion, and whether it held. */
export interface Judged {
  readonly assertion: string;
  readonly actual: string;
  readonly ok: boolean;
}

/** Holds what was measured to an assertion. Without any guest none holds. */
export function judge({ text, metric, operator, limit }: Assertion, measured: Measured, perSecond: number): Judged {
  const value = valueOfMetric(metric, measured, perSecond);
  const unit = { span: ' ms', share: '%', rate: '/s', count: '' }[metrics[metric]];
  return { assertion: text, actual: `${value}${unit}`, ok: measured.ended > 0 && operators[operator](value, limit) };
}

function valueOfMetric(metric: Metric, { outcomes, latencyMs, errorPercent }: Measured, perSecond: number): number {
  switch (metric) {
    case 'errors':
      return errorPercent;
    case 'rate':
      return perSecond;
    case 'admitted':
    case 'refused':
    case 'failed':
    case 'unknown':
      return outcomes[metric];
    default:
      return latencyMs[metric];
  }
}
