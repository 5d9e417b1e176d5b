import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { AuditFault } from './audit-fault.ts';
import type { CheckpointPublicKey } from './checkpoint-keys.ts';
import { readAuditLines } from './log-lines.ts';
import { type ExportManifest, manifestFault, parseManifest } from './manifest.ts';
import { type AuditProof, verifyAuditLog } from './verify.ts';
import { type RecordsProof, verifyRecords } from './verify-records.ts';
import type { CheckpointEvidence } from './witnesses.ts';

/** What an export is held to. */
export interface VerifyExportOptions {
  /** Keys the manifest must be signed with. Without them it is only compared with the file. */
  readonly publicKeys?: readonly CheckpointPublicKey[] | undefined;
  /** Checkpoints of the log the records are from. Does nothing for CSV, which does not hold the records as hashed. */
  readonly checkpoints?: CheckpointEvidence | undefined;
}

/** An export that is what its manifest says. */
export interface ExportProof {
  readonly ok: true;
  readonly manifest: ExportManifest;
  /** True when the signature of the manifest was checked. */
  readonly signed: boolean;
  /** What the records prove by themselves; `null` for CSV, and for an export that was filtered. */
  readonly records: AuditProof | null;
  /** What the records of a filtered export prove: each is sound, and whether one was left out cannot be told. */
  readonly picked: RecordsProof | null;
}

/** A manifest that cannot be trusted, or that belongs to another file. */
export interface ManifestFault {
  readonly ok: false;
  readonly kind: 'manifest';
  /** One sentence for the operator. */
  readonly detail: string;
}

/**
 * Checks an exported file against its manifest, in constant memory. JSON lines are checked record by record, and the
 * first bad one is named; when they were filtered, it is not told whether one is missing. Of a CSV file it can only be
 * told whether it is the one that was written.
 */
export async function verifyExport(
  path: string,
  manifestText: string,
  options: VerifyExportOptions = {},
): Promise<ExportProof | AuditFault | ManifestFault> {
  const { publicKeys } = options;
  const manifest = parseManifest(manifestText);
  if (typeof manifest === 'string') return refused(manifest);
  const distrust = publicKeys && manifestFault(manifest, publicKeys);
  if (distrust !== undefined) return refused(distrust);

  const found = manifest.format === 'csv' ? null : await verifyLines(path, manifest, options);
  if (found && !found.ok) return found;
  if (found && (found.records !== manifest.count || found.firstHash !== manifest.firstHash)) {
    return refused('The manifest tells of other records than the file holds.');
  }
  const fault = await measureFault(path, manifest);
  if (fault) return fault;
  const whole = found && 'head' in found ? found : null;
  const picked = found && !('head' in found) ? found : null;
  return { ok: true, manifest, signed: publicKeys !== undefined, records: whole, picked };
}

function verifyLines(
  path: string,
  manifest: ExportManifest,
  { checkpoints }: VerifyExportOptions,
): Promise<AuditProof | RecordsProof | AuditFault> {
  const { from, to, previousHash, lastHash, checkpoint, filter } = manifest;
  const lines = readAuditLines(path);
  if (filter) return verifyRecords(lines, { from, to, ...(checkpoints && { checkpoints }) });
  // Without records there is nothing that a checkpoint could name.
  if (previousHash === null || lastHash === null) return verifyAuditLog(lines);
  const part = { after: { sequence: from - 1, hash: previousHash }, last: { sequence: to, hash: lastHash } };
  const within = checkpoint && checkpoint.sequence >= from && checkpoint.sequence <= to;
  return verifyAuditLog(lines, {
    part,
    ...(within && { expectedHead: checkpoint }),
    ...(checkpoints && { checkpoints }),
  });
}

/** Compares a file with what its manifest says of its bytes. */
export async function measureFault(path: string, manifest: ExportManifest): Promise<ManifestFault | undefined> {
  const { bytes, sha256 } = await measure(path);
  if (bytes === manifest.bytes && sha256 === manifest.sha256) return undefined;
  return refused('The file is not the one that the manifest was written for: its size or its SHA-256 differs.');
}

async function measure(path: string): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const digest = createHash('sha256');
  let bytes = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      digest.update(chunk);
    }
  });
  return { bytes, sha256: digest.digest('hex') };
}

export function refused(detail: string): ManifestFault {
  return { ok: false, kind: 'manifest', detail };
}
