import type { Clock } from 'guestpass';
import type { AuditFault, AuditProof } from 'guestpass/audit';
import { type AuditRecordView, exportAudit, listAudit, verifyAudit } from '../../openapi/audit.ts';
import type { AuditEntry, AuditStore } from '../../store/audit.ts';
import type { Journal } from './journal.ts';
import { lineBody } from './line-body.ts';
import { pageOf, pageQuery } from './page.ts';
import { type OperatorRoute, route } from './route.ts';

export interface AuditRoutesOptions {
  readonly audit: AuditStore;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Told what each check of the log found. */
  readonly onVerified: (found: AuditProof | AuditFault) => void;
  /** Told why an export broke off. */
  readonly onBroken: (error: unknown, requestId: string) => void;
}

/** Whoever reads the log is on record in it. */
export function createAuditRoutes(options: AuditRoutesOptions): readonly OperatorRoute[] {
  const { audit, journal, clock, onVerified, onBroken } = options;
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
      const found = await audit.verify(expectedHead);
      onVerified(found);
      return Response.json({ ...found, durationMs: clock.monotonic() - startedMs });
    }),
    route(exportAudit, async ({ query: { from, to }, cut, ...caller }) => {
      const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
      await journal(caller, { eventType: 'OPERATOR_AUDIT_EXPORT', ...range });
      const onError = (error: unknown) => onBroken(error, caller.requestId);
      const body = await lineBody(linesOf(audit, range), { onError, cut });
      const headers = {
        'Content-Type': 'application/x-ndjson',
        'Content-Disposition': 'attachment; filename="guestpass-audit.jsonl"',
      };
      return new Response(body, { headers });
    }),
  ];
}

async function* linesOf(audit: AuditStore, range: { readonly from?: number; readonly to?: number }) {
  for await (const { line } of audit.read(range)) yield line;
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
  };
}
