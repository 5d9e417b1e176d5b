import type { Paint } from '../terminal/output.ts';
import { columns, printable } from '../terminal/text.ts';

/** A delivery, as the gateway describes it. */
export interface DeliveryView {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly attemptId: string | null;
  readonly endpointId: string;
  readonly state: 'pending' | 'delivered' | 'dead' | 'held';
  readonly tries: number;
  readonly nextAt: string | null;
  /** The delivery it waits for. A gateway of before does not tell. */
  readonly waitsFor?: string | null;
  readonly createdAt: string;
  readonly settledAt: string | null;
}

/** A delivery with its body and its tries. */
export interface DeliveryDetail extends DeliveryView {
  readonly body: string | null;
  readonly attempts: readonly {
    readonly number: number;
    readonly startedAt: string;
    readonly durationMs: number;
    readonly outcome: string;
    readonly responseStatus: number | null;
  }[];
}

/** A table of deliveries. */
export function listText(deliveries: readonly DeliveryView[], paint: Paint): string {
  const rows = deliveries.map((one) => [
    markOf(one, paint) + printable(one.id),
    one.state,
    `${one.tries} ${one.tries === 1 ? 'try' : 'tries'}`,
    printable(one.eventType),
    one.createdAt,
    whenText(one),
  ]);
  return table(rows);
}

function whenText({ nextAt, waitsFor }: DeliveryView): string {
  if (waitsFor != null) return `waits for ${printable(waitsFor)}`;
  return nextAt === null ? '' : `next ${nextAt}`;
}

/** One delivery, line by line. */
export function detailText(detail: DeliveryDetail, paint: Paint): string {
  const {
    id,
    state,
    eventType,
    eventId,
    attemptId,
    endpointId,
    createdAt,
    settledAt,
    nextAt,
    waitsFor,
    attempts,
    body,
  } = detail;
  const rows = [
    ['event', `${printable(eventType)} ${printable(eventId)}`],
    ['attempt', attemptId ?? '-'],
    ['endpoint', printable(endpointId)],
    ['created', createdAt],
    ...(settledAt === null ? [] : [['settled', settledAt] as const]),
    ...(nextAt === null ? [] : [['next try', nextAt] as const]),
    ...(waitsFor == null ? [] : [['waits for', printable(waitsFor)] as const]),
    ['body', body === null ? 'erased' : printable(body)],
  ] as const;
  const tries = attempts.map(({ number, startedAt, durationMs, outcome, responseStatus }) => [
    `  try ${number}`,
    startedAt,
    `${durationMs} ms`,
    printable(outcome),
    responseStatus === null ? '' : String(responseStatus),
  ]);
  return `${markOf(detail, paint)}${printable(id)} is ${state}\n${columns(rows)}${table(tries)}`;
}

function markOf({ state }: DeliveryView, paint: Paint): string {
  const marks = { pending: '·', delivered: paint.green('✓'), dead: paint.red('✗'), held: paint.yellow('!') };
  return `${marks[state]} `;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
