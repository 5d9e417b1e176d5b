import { createHash, type Hash } from 'node:crypto';
import type { Clock } from 'guestpass';
import { type Checkpoint, type CheckpointKey, type ExportManifest, signManifest } from 'guestpass/audit';
import type { AuditRange, AuditStore } from '../store/audit.ts';
import { csvRow } from './csv.ts';
import { recordColumns, recordRow } from './record-row.ts';

export interface AuditExportOptions extends AuditRange {
  readonly format: ExportManifest['format'];
  readonly audit: Pick<AuditStore, 'head' | 'read' | 'readOpened' | 'beginning'>;
  /** The last checkpoint of the log, for the manifest. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Signs the manifest. Default unsigned. */
  readonly key?: CheckpointKey | undefined;
  readonly clock: Clock;
  /** Name and version of the program, for the manifest. */
  readonly tool: string;
}

/** A part of the audit log on its way out. */
export interface AuditExport {
  /** The file, in pieces of some 64 KiB, read from the database as they are taken. May be taken once. */
  readonly pieces: AsyncIterable<Buffer>;
  /** What the file is. Throws until all pieces were taken. */
  manifest(): ExportManifest;
}

const pieceBytes = 64 * 1024;

/**
 * Exports a part of the audit log as it stands now, in constant memory: JSON lines as they were hashed, or a CSV table,
 * which tells in the clear what is sealed in the lines.
 * Reading rejects with `storage_unavailable`; what was taken until then has no manifest, and is no export.
 */
export async function exportAudit(options: AuditExportOptions): Promise<AuditExport> {
  const { format, audit, filter } = options;
  const { checkpoint: begins, sequence: archived } = await audit.beginning();
  const from = Math.max(options.from ?? 1, archived + 1);
  const head = await audit.head();
  const to = Math.min(options.to ?? head.sequence, head.sequence);
  const seen: Seen = { count: 0, bytes: 0, digest: createHash('sha256'), first: null, last: null };
  let manifest: ExportManifest | undefined;

  async function* pieces(): AsyncGenerator<Buffer, void, undefined> {
    let text = format === 'csv' ? csvRow(recordColumns) : '';
    const range = { from, to, filter };
    for await (const { text: row, record } of format === 'csv' ? rows(audit, range) : lines(audit, range)) {
      text += row;
      note(record, seen);
      if (text.length < pieceBytes) continue;
      yield measured(text, seen);
      text = '';
    }
    if (text !== '') yield measured(text, seen);
    const told = { from, to, ...(filter && { filter }), head, ...(begins && { genesis: begins }) };
    manifest = manifestOf(seen, told, options);
  }

  return {
    pieces: pieces(),
    manifest() {
      if (!manifest) throw new Error('The export has no manifest before it was read to its end.');
      return manifest;
    },
  };
}

async function* rows(audit: AuditExportOptions['audit'], range: AuditRange) {
  for await (const record of audit.readOpened(range)) {
    yield { text: csvRow(recordRow(record.line, record.opened)), record };
  }
}

async function* lines(audit: AuditExportOptions['audit'], range: AuditRange) {
  for await (const record of audit.read(range)) yield { text: `${record.line}\n`, record };
}

type Row = { readonly previous_hash: string; readonly hash: string };

/** What went by so far. */
interface Seen {
  count: number;
  bytes: number;
  readonly digest: Hash;
  first: Row | null;
  last: Row | null;
}

function note(record: Row, seen: Seen): void {
  seen.count += 1;
  seen.first ??= record;
  seen.last = record;
}

function measured(text: string, seen: Seen): Buffer {
  const piece = Buffer.from(text);
  seen.bytes += piece.length;
  seen.digest.update(piece);
  return piece;
}

function manifestOf(
  { count, bytes, digest, first, last }: Seen,
  range: Pick<ExportManifest, 'from' | 'to' | 'filter' | 'head' | 'genesis'>,
  { format, checkpoint = undefined, key, clock, tool }: AuditExportOptions,
): ExportManifest {
  const manifest: ExportManifest = {
    format,
    ...range,
    count,
    previousHash: first?.previous_hash ?? null,
    firstHash: first?.hash ?? null,
    lastHash: last?.hash ?? null,
    bytes,
    sha256: digest.digest('hex'),
    checkpoint: checkpoint ?? null,
    generatedAt: new Date(clock.now()).toISOString(),
    tool,
  };
  return key ? signManifest(manifest, key) : manifest;
}
