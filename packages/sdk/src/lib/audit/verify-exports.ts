import type { AuditFault } from './audit-fault.ts';
import { readAuditLines } from './log-lines.ts';
import { type ExportManifest, manifestFault, parseManifest } from './manifest.ts';
import { type AuditProof, verifyAuditLog } from './verify.ts';
import { type ManifestFault, measureFault, refused, type VerifyExportOptions } from './verify-export.ts';

/** An exported file and the text of its manifest. */
export interface ExportedFile {
  readonly path: string;
  readonly manifest: string;
}

/** Exports that are what their manifests say, and follow each other without a gap. */
export interface ExportsProof {
  readonly ok: true;
  /** In the order of their records. */
  readonly manifests: readonly ExportManifest[];
  /** True when the signatures of the manifests were checked. */
  readonly signed: boolean;
  /** What all the records prove together. */
  readonly records: AuditProof;
}

/** A fault, and in which of the files it is; counted from 0 in the order they were given. */
export type ExportsFault = (AuditFault | ManifestFault) & { readonly file: number };

interface Part extends ExportedFile {
  /** Which one it was given as. */
  readonly file: number;
  readonly told: ExportManifest;
}

/**
 * Checks several exports of one log as one, in constant memory: archives and what follows them, or the parts of an
 * export that was taken in several goes. They may be given in any order. Each must be JSON lines without a filter.
 */
export async function verifyExports(
  files: readonly ExportedFile[],
  options: VerifyExportOptions = {},
): Promise<ExportsProof | ExportsFault> {
  const parts: Part[] = [];
  for (const [file, given] of files.entries()) {
    const told = trusted(given.manifest, options);
    if (typeof told === 'string') return { ...refused(told), file };
    parts.push({ ...given, file, told });
  }
  parts.sort((a, b) => a.told.from - b.told.from || a.told.count - b.told.count);
  const gap = findGap(parts);
  if (gap) return gap;
  const records = await walk(parts, options);
  if (!records.ok) return records;
  for (const { path, told, file } of parts) {
    const fault = await measureFault(path, told);
    if (fault) return { ...fault, file };
  }
  const manifests = parts.map(({ told }) => told);
  return { ok: true, manifests, signed: options.publicKeys !== undefined, records };
}

function trusted(text: string, { publicKeys }: VerifyExportOptions): ExportManifest | string {
  const manifest = parseManifest(text);
  if (typeof manifest === 'string') return manifest;
  const isWhole = manifest.format === 'jsonl' && !manifest.filter;
  if (!isWhole) return 'Only exports of JSON lines without a filter can be checked together.';
  return (publicKeys && manifestFault(manifest, publicKeys)) ?? manifest;
}

/** Each must begin behind the one before. Those without records join anything. */
function findGap(parts: readonly Part[]): ExportsFault | undefined {
  let before: ExportManifest | undefined;
  for (const { told, file } of parts) {
    if (told.count === 0) continue;
    if (before && (told.from !== before.to + 1 || told.previousHash !== before.lastHash)) {
      const detail = `The export of records ${told.from} to ${told.to} does not follow the one of records ${before.from} to ${before.to}.`;
      return { ...refused(detail), file };
    }
    before = told;
  }
  return undefined;
}

async function walk(
  parts: readonly Part[],
  { checkpoints }: VerifyExportOptions,
): Promise<AuditProof | (AuditFault & { readonly file: number })> {
  const begun: { readonly file: number; readonly linesBefore: number }[] = [];
  async function* lines() {
    let linesBefore = 0;
    for (const { path, file } of parts) {
      begun.push({ file, linesBefore });
      for await (const line of readAuditLines(path)) {
        linesBefore += 1;
        yield line;
      }
    }
  }
  const result = await verifyAuditLog(lines(), { ...rangeOf(parts), ...(checkpoints && { checkpoints }) });
  if (result.ok) return result;
  const { file, linesBefore } = begun.findLast((one) => one.linesBefore < result.line) ?? { file: 0, linesBefore: 0 };
  return { ...result, line: result.line - linesBefore, file };
}

function rangeOf(parts: readonly Part[]) {
  const full = parts.map(({ told }) => told).filter(({ count }) => count > 0);
  const [first, last] = [full.at(0), full.at(-1)];
  if (!first || !last || first.previousHash === null || last.lastHash === null) return {};
  const { checkpoint } = last;
  const within = checkpoint && checkpoint.sequence >= first.from && checkpoint.sequence <= last.to;
  return {
    part: {
      after: { sequence: first.from - 1, hash: first.previousHash },
      last: { sequence: last.to, hash: last.lastHash },
    },
    ...(within && { expectedHead: checkpoint }),
  };
}
