import type { Clock } from 'guestpass';
import type { AuditFault, AuditProof, Checkpoint, CheckpointKey, CheckpointPublicKey } from 'guestpass/audit';
import { exportAudit as startExport } from '../../audit/export.ts';
import { type AuditRecordView, describeExport, exportAudit, listAudit, verifyAudit } from '../../openapi/audit.ts';
import type { AuditEntry, AuditStore } from '../../store/audit.ts';
import type { Journal } from './journal.ts';
import { pageOf, pageQuery } from './page.ts';
import { pieceBody } from './piece-body.ts';
import { type OperatorRoute, route } from './route.ts';

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
  readonly journal: Journal;
  readonly clock: Clock;
  readonly manifests: ManifestTerms;
  /** Told what each check of the log found. */
  readonly onVerified: (found: AuditProof | AuditFault) => void;
  /** Told why an export broke off. */
  readonly onBroken: (error: unknown, requestId: string) => void;
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
  const { journal, onBroken } = options;
  return route(exportAudit, async ({ query, cut, ...caller }) => {
    await journal(caller, { eventType: 'OPERATOR_AUDIT_EXPORT', ...toldRange(query) });
    const range = await rangeOf(query, options);
    const { pieces } = await open(range, options);
    const onError = (error: unknown) => onBroken(error, caller.requestId);
    const body = await pieceBody(pieces, { onError, cut });
    const { format, from, to } = range;
    const headers = {
      'Content-Type': contentTypes[format],
      'Content-Disposition': `attachment; filename="guestpass-audit-${from}-${to}.${format}"`,
      Link: `<${describeExport.path}?format=${format}&from=${from}&to=${to}>; rel="describedby"`,
    };
    return new Response(body, { headers });
  });
}

const contentTypes = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8' };

function manifestRoute(options: AuditRoutesOptions): OperatorRoute {
  const { journal } = options;
  return route(describeExport, async ({ query, ...caller }) => {
    await journal(caller, { eventType: 'OPERATOR_AUDIT_DESCRIBE', ...toldRange(query) });
    const range = await rangeOf(query, options);
    const exported = await open(range, options);
    for await (const _ of exported.pieces);
    return Response.json(exported.manifest());
  });
}

function open(range: Awaited<ReturnType<typeof rangeOf>>, { audit, clock, manifests }: AuditRoutesOptions) {
  const { tool, key, checkpoint } = manifests;
  return startExport({ ...range, audit, clock, tool, key, checkpoint: checkpoint?.() });
}

interface AskedRange {
  readonly format?: 'jsonl' | 'csv' | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The part of the log that is meant, as it stands now. */
async function rangeOf({ format = 'jsonl', from = 1, to }: AskedRange, { audit }: AuditRoutesOptions) {
  const [{ sequence }, begins] = await Promise.all([audit.head(), audit.beginning()]);
  return { format, from: Math.max(from, begins.sequence + 1), to: Math.min(to ?? sequence, sequence) };
}

function toldRange({ format = 'jsonl', from, to }: AskedRange) {
  return { format, ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
}

function viewOf(entry: AuditEntry): AuditRecordView {
  return {
    sequence: entry.sequence,
    eventType: entry.event_type,
    attemptId: entry.attempt_id,
    // The store knows guests by attempt; the other records of the attempt hold none.
    guestId: entry.event_type === 'WEBMESSAGING_GUEST_AUTHENTICATED' ? entry.guestId : null,
    recordedAt: entry.recorded_at.toISOString(),
    line: entry.line,
    previousHash: entry.previous_hash,
    hash: entry.hash,
    damage: entry.damage,
  };
}
