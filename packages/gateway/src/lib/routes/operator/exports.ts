import type { Clock, JsonValue } from 'guestpass';
import { attemptSchema, exportAttempts } from '../../openapi/attempts.ts';
import { deliverySchema, exportDeliveries } from '../../openapi/deliveries.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { DeliveryStore } from '../../store/deliveries.ts';
import { attemptFilter, attemptView } from './attempts.ts';
import { deliveryFilter, deliveryView } from './deliveries.ts';
import type { Journal, OperatorAction } from './journal.ts';
import { pieceBody } from './piece-body.ts';
import { type Call, type Caller, type OperatorRoute, route } from './route.ts';
import { exportRows, type RowExportOptions } from './row-export.ts';
import { findSubjects } from './subjects.ts';

export interface ExportRoutesOptions {
  readonly attempts: Pick<AttemptStore, 'list' | 'get'>;
  readonly deliveries: Pick<DeliveryStore, 'list'>;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Told why an export broke off. */
  readonly onBroken: (error: unknown, caller: Caller) => void;
}

/** Lists as files. Whoever takes one along is on record. */
export function createExportRoutes(options: ExportRoutesOptions): readonly OperatorRoute[] {
  const { attempts, deliveries, clock } = options;
  return [
    route(exportAttempts, async (call) => {
      const { guest, ...others } = filterOf(call.query);
      // The journal may not hold the guest's id, which no erasure could take out of it.
      const subjects = guest === undefined ? undefined : await findSubjects(attempts, { guestId: guest });
      const span = spanOf(call.query, clock);
      const wanted = { ...attemptFilter(call.query), ...span };
      return await answerExport(call, options, {
        name: 'attempts',
        span,
        filter: { ...others, ...(subjects && { attemptIds: subjects.map(({ id }) => id) }) },
        columns: Object.keys(attemptSchema.shape),
        read: (next) => attempts.list({ ...wanted, ...next }),
        view: attemptView,
      });
    }),
    route(exportDeliveries, async (call) => {
      const span = spanOf(call.query, clock);
      const wanted = { ...deliveryFilter(call.query), ...span };
      return await answerExport(call, options, {
        name: 'deliveries',
        span,
        filter: filterOf(call.query),
        columns: Object.keys(deliverySchema.shape),
        read: (next) => deliveries.list({ ...wanted, ...next }),
        view: deliveryView,
      });
    }),
  ];
}

/** From when to when, in milliseconds since the Unix epoch. */
interface Span {
  readonly fromMs?: number;
  readonly toMs: number;
}

interface AskedExport {
  readonly format?: 'jsonl' | 'csv' | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

function spanOf({ since, until }: AskedExport, clock: Clock): Span {
  return {
    ...(since !== undefined && { fromMs: Date.parse(since) }),
    toMs: until === undefined ? clock.now() : Date.parse(until),
  };
}

/** What is asked for beside format and span. */
function filterOf(query: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const { format: _, since: _since, until: _until, ...filter } = query;
  return Object.fromEntries(
    Object.entries(filter).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

interface Exported<Row extends { readonly number: number }> extends Omit<RowExportOptions<Row>, 'format'> {
  /** What the rows are. */
  readonly name: 'attempts' | 'deliveries';
  readonly span: Span;
  /** As it goes on record. */
  readonly filter: Readonly<Record<string, JsonValue>>;
}

async function answerExport<Row extends { readonly number: number }>(
  { query, cut, ...caller }: Omit<Call<unknown, AskedExport, unknown>, 'params' | 'body' | 'headers'>,
  { journal, onBroken }: Pick<ExportRoutesOptions, 'journal' | 'onBroken'>,
  { name, span, filter, ...rows }: Exported<Row>,
): Promise<Response> {
  const { format = 'jsonl' } = query;
  const isFiltered = Object.keys(filter).length > 0;
  await journal(caller, {
    eventType: eventTypes[name],
    format,
    ...(span.fromMs !== undefined && { since: new Date(span.fromMs).toISOString() }),
    until: new Date(span.toMs).toISOString(),
    ...(isFiltered && { filter }),
  });
  const onError = (error: unknown) => onBroken(error, caller);
  const body = await pieceBody(exportRows({ ...rows, format }), { onError, cut });
  const file = [name, ...rangeWords(span), ...(isFiltered ? ['filtered'] : [])].join('-');
  return new Response(body, {
    headers: {
      'Content-Type': contentTypes[format],
      'Content-Disposition': `attachment; filename="guestpass-${file}.${format}"`,
    },
  });
}

const eventTypes = {
  attempts: 'OPERATOR_ATTEMPTS_EXPORT',
  deliveries: 'OPERATOR_DELIVERIES_EXPORT',
} as const satisfies Record<string, OperatorAction['eventType']>;

const contentTypes = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

/** Instants as file names may hold them (ISO 8601, basic format). */
function rangeWords({ fromMs, toMs }: Span): readonly string[] {
  const basic = (instantMs: number) => new Date(instantMs).toISOString().replace(/[-:]|\.\d+/g, '');
  return fromMs === undefined ? ['until', basic(toMs)] : [basic(fromMs), basic(toMs)];
}
