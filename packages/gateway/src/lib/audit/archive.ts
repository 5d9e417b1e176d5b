import { mkdir, open, readdir, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Clock, GuestpassError } from 'guestpass';
import {
  type Checkpoint,
  type CheckpointKey,
  hashOfCheckpoint,
  noCheckpoint,
  signCheckpoint,
  verifyExport,
} from 'guestpass/audit';
import type { ArchivePart, ArchiveStore, WrittenArchive } from '../store/archives.ts';
import type { AuditStore } from '../store/audit.ts';
import { exportAudit } from './export.ts';

export interface ArchiveOptions {
  readonly audit: Pick<AuditStore, 'head' | 'read' | 'readOpened' | 'beginning'>;
  readonly archives: ArchiveStore;
  /** The id of the log. */
  readonly origin: string;
  /** Signs manifests and new beginnings. */
  readonly key: CheckpointKey;
  /** The last checkpoint of the log, for the manifests. */
  readonly checkpoint?: () => Checkpoint | undefined;
  /** Where archives go; made (mode 0700) when it is not there. It belongs on another volume than the database. */
  readonly directory: string;
  /** How old records must be, in milliseconds. */
  readonly ageMs: number;
  /** Records in one archive at most. Default 20,000. */
  readonly limit?: number;
  readonly clock: Clock;
  /** Ends the run behind the archive under way. Default: it ends when nothing is due. */
  readonly signal?: AbortSignal;
  /** Name and version of the program, for the manifests. */
  readonly tool: string;
}

/**
 * Moves the records whose time is up from the log to archives: files of JSON lines, each with its signed manifest. An
 * archive is read back and checked before the log gets its new beginning, and records are removed only behind that.
 * What a crash left half done is gone on with. Rejects with `storage_unavailable` when database or files are in trouble.
 */
export async function archiveDue(options: ArchiveOptions): Promise<void> {
  const { archives, clock, ageMs, limit = 20_000, signal } = options;
  while (!signal?.aborted) {
    while (!signal?.aborted && (await archives.removeArchived()) > 0);
    const nowMs = clock.now();
    const write = (part: ArchivePart) => writeArchive(part, options);
    if (!(await archives.archive({ beforeMs: nowMs - ageMs, nowMs, limit, write }))) return;
  }
}

async function writeArchive(part: ArchivePart, options: ArchiveOptions): Promise<WrittenArchive> {
  const { directory, key } = options;
  const path = join(directory, `audit-${padded(part.from)}-${padded(part.last.sequence)}.jsonl`);
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await setAside(path, part);
    const { pieces, manifest } = await exportAudit({
      ...options,
      format: 'jsonl',
      from: part.from,
      to: part.last.sequence,
      checkpoint: options.checkpoint?.(),
    });
    await writeWhole(path, pieces);
    const text = `${JSON.stringify(manifest(), null, 2)}\n`;
    await writeWhole(`${path}.manifest.json`, [Buffer.from(text)]);
    const found = await verifyExport(path, text, { publicKeys: [key] });
    if (!found.ok) throw new Error(`The archive is not what was to be written. ${found.detail}`);
    return { checkpoint: beginningOf(part, options), manifest: text, file: basename(path), sha256: manifest().sha256 };
  } catch (cause) {
    throw new GuestpassError('storage_unavailable', `The audit log could not be archived to ${path}.`, { cause });
  }
}

/**
 * Files that begin where this one does are of a run that ended before it was on record. They keep their content and
 * lose their names: archives follow each other without overlap.
 */
async function setAside(path: string, { from }: ArchivePart): Promise<void> {
  const [directory, own] = [dirname(path), basename(path)];
  const isLeft = (name: string) =>
    name.startsWith(`audit-${padded(from)}-`) && !name.startsWith(own) && !name.endsWith('.left');
  const left = (await readdir(directory)).filter(isLeft);
  for (const name of left) await rename(join(directory, name), join(directory, `${name}.left`));
}

/** New beginnings form a line of their own: each names the one before. */
function beginningOf({ last, before }: ArchivePart, { origin, key, clock }: ArchiveOptions): string {
  const previous = before ? hashOfCheckpoint(before.checkpoint) : noCheckpoint;
  const timestamp = new Date(clock.now()).toISOString();
  return signCheckpoint({ origin, ...last, timestamp, previous }, key).line;
}

/** Under its name stands a whole file, on the disk, or none. */
async function writeWhole(path: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
  const draft = `${path}.part`;
  {
    await using file = await open(draft, 'w', 0o600);
    for await (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  }
  await rename(draft, path);
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}

function padded(sequence: number): string {
  return `${sequence}`.padStart(12, '0');
}
