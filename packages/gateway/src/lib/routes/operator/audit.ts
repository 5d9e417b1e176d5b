import type { Clock } from 'guestpass';
import type {
  AuditFault,
  AuditProof,
  Checkpoint,
  CheckpointKey,
  CheckpointPublicKey,
  ExportFilter,
} from 'guestpass/audit';
import type * as z from 'zod';
import { exportAudit as startExport } from '../../audit/export.ts';
import type { Refusal } from '../../http/refusal.ts';
import { type AuditRecordView, describeExport, exportAudit, listAudit, verifyAudit } from '../../openapi/audit.ts';
import type { AttemptStore } from '../../store/attempts.ts';
import type { AuditEntry, AuditStore } from '../../store/audit.ts';
import type { Journal } from './journal.ts';
import { pageOf, pageQuery } from './page.ts';
import { pieceBody } from './piece-body.ts';
import { type Caller, type OperatorRoute, route } from './route.ts';
import { findSubjects, subjectNotFound } from './subjects.ts';

/** What stands in the manifests of exports beside what was exported. */
export interface ManifestTerms {
  /** Name and version of the program. */
  readonly tool: string;
  /** Signs manifests. Default unsigned. */
  readonly key?: CheckpointKey;
  /** Every key that signed checkpoints of this log. Default: the beginning of an archived log is not checked. */
  readonly publicKeys?: readonly CheckpointPublicKey[];
  /** The last checkpoint of the log. */
  readonly checkpoint?: () => Checkpoint | undefined;
}

export interface AuditRoutesOptions {
  readonly audit: AuditStore;
  readonly attempts: Pick<AttemptStore, 'list' | 'get'>;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly manifests: ManifestTerms;
  /** Told what each check of the log found. */
  readonly onVerified: (found: AuditProof | AuditFault) => void;
  /** Told why an export broke off. */
  readonly onBroken: (error: unknown, caller: Caller) => void;
}

/** Whoever reads the log is on record in it. */
export function createAuditRoutes(options: AuditRoutesOptions): readonly OperatorRoute[] {
  const { audit, journal, clock, manifests, onVerified } = options;
  return [
    route(listAudit, async ({ query, ...caller }) => {
      const { type, attempt } = query;
      const filter = { ...(type && { type }), ...(attempt !== undefined && { attempt }) };
      await journal(caller, { eventType: 'OPERATOR_AUDIT_READ', filter });
      const rows = await audit.page({
        ...pageQuery(query),
        ...(type && { eventType: type }),
        ...(attempt !== undefined && { attemptId: attempt }),
      });
      return Response.json(pageOf(rows, query, { view: viewOf, cursor: ({ sequence }) => sequence }));
    }),
    route(verifyAudit, async ({ body: { expectedHead }, ...caller }) => {
      await journal(caller, { eventType: 'OPERATOR_AUDIT_VERIFY' });
      const startedMs = clock.monotonic();
      const found = await audit.verify({ expectedHead, publicKeys: manifests.publicKeys });
      onVerified(found);
      return Response.json({ ...found, durationMs: clock.monotonic() - startedMs });
    }),
    exportRoute(options),
    manifestRoute(options),
  ];
}

function exportRoute(options: AuditRoutesOptions): OperatorRoute {
  const { onBroken } = options;
  return route(exportAudit, async ({ query, cut, ...caller }) => {
    const part = await askedPart('OPERATOR_AUDIT_EXPORT', query, { caller, options });
    if ('code' in part) return part;
    const { pieces } = await open(part, options);
    const onError = (error: unknown) => onBroken(error, caller);
    const body = await pieceBody(pieces, { onError, cut });
    const { format, from, to } = part;
    const name = part.filter ? `${from}-${to}-filtered` : `${from}-${to}`;
    const headers = {
      'Content-Type': contentTypes[format],
      'Content-Disposition': `attachment; filename="guestpass-audit-${name}.${format}"`,
      Link: `<${describeExport.path}?${askAgain(query, part)}>; rel="describedby"`,
    };
    return new Response(body, { headers });
  });
}

const contentTypes = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

function manifestRoute(options: AuditRoutesOptions): OperatorRoute {
  return route(describeExport, async ({ query, ...caller }) => {
    const part = await askedPart('OPERATOR_AUDIT_DESCRIBE', query, { caller, options });
    if ('code' in part) return part;
    const exported = await open(part, options);
    for await (const _ of exported.pieces);
    return Response.json(exported.manifest());
  });
}

function open(part: Part, { audit, clock, manifests }: AuditRoutesOptions) {
  const { tool, key, checkpoint } = manifests;
  return startExport({ ...part, audit, clock, tool, key, checkpoint: checkpoint?.() });
}

type AskedExport = z.infer<NonNullable<typeof exportAudit.query>>;

interface Part {
  readonly format: 'jsonl' | 'csv';
  readonly from: number;
  readonly to: number;
  readonly filter?: ExportFilter;
}

/** The part of the log that is meant, as it stands now; that it was asked for is on record. */
async function askedPart(
  eventType: `OPERATOR_${string}`,
  query: AskedExport,
  { caller, options }: { readonly caller: Caller; readonly options: AuditRoutesOptions },
): Promise<Part | Refusal> {
  const { audit, attempts, journal } = options;
  const { format = 'jsonl', to, after } = query;
  const from = after === undefined ? query.from : after + 1;
  const filter = await filterOf(query, attempts);
  if (filter?.attemptIds?.length === 0) return subjectNotFound;
  const told = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(filter && { filter: { ...filter } }),
  };
  await journal(caller, { eventType, format, ...told });
  const [{ sequence }, begins] = await Promise.all([audit.head(), audit.beginning()]);
  return {
    format,
    from: Math.max(from ?? 1, begins.sequence + 1),
    to: Math.min(to ?? sequence, sequence),
    ...(filter && { filter }),
  };
}

/** A guest is told by its attempts, because neither the journal nor a manifest may hold the guest's id. */
async function filterOf(
  { guest, attempt, type, since, until }: AskedExport,
  attempts: AuditRoutesOptions['attempts'],
): Promise<ExportFilter | undefined> {
  const isAsked = [guest, attempt, type, since, until].some((one) => one !== undefined);
  if (!isAsked) return undefined;
  const attemptIds =
    guest === undefined ? undefined : (await findSubjects(attempts, { guestId: guest })).map(({ id }) => id);
  return {
    ...(attemptIds && { attemptIds }),
    ...(attempt !== undefined && { attemptIds: [attempt] }),
    ...(type !== undefined && { eventTypes: [type] }),
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    ...(until !== undefined && { until: new Date(until).toISOString() }),
  };
}

/** The same export again, whatever was written since. */
function askAgain({ guest, attempt, type, since, until }: AskedExport, { format, from, to }: Part): string {
  const filters = Object.entries({ guest, attempt, type, since, until });
  const given = filters.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return new URLSearchParams({ format, from: `${from}`, to: `${to}`, ...Object.fromEntries(given) }).toString();
}

function viewOf(entry: AuditEntry): AuditRecordView {
  return {
    sequence: entry.sequence,
    eventType: entry.event_type,
    attemptId: entry.attempt_id,
    guestId: entry.opened?.guestId ?? null,
    // A cast, because what is told is not written to.
    opened: entry.opened && ({ ...entry.opened } as AuditRecordView['opened']),
    recordedAt: entry.recorded_at.toISOString(),
    line: entry.line,
    previousHash: entry.previous_hash,
    hash: entry.hash,
    damage: entry.damage,
  };
}
