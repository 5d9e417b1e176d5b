import { GuestpassError } from '../errors.ts';
import { createCanonicalJson } from './canonical-json.ts';
import { type ChainHead, type Link, linkOrReject } from './chain.ts';
import type { AuditEvent, AuditRecord } from './event.ts';
import type { LogFile } from './log-file.ts';
import type { Patience } from './patience.ts';

export interface GroupCommitOptions {
  readonly file: LogFile;
  /** Names the log in messages. */
  readonly path: string;
  /** The last record of the file. */
  readonly head: ChainHead;
  /** Bytes of the file. */
  readonly length: number;
  readonly patience: Patience;
}

/** Writes records to one file, those that arrive while a write is under way together. */
export interface GroupCommit {
  /** The last record kept. */
  readonly head: ChainHead;
  /** Resolves once the record is kept; rejects with `storage_unavailable`. Records stand in the order of the calls. */
  record(event: AuditEvent): Promise<AuditRecord>;
  /** Refuses new records, waits for the pending ones and closes the file. */
  close(): Promise<void>;
}

interface Waiting {
  readonly event: AuditEvent;
  readonly resolve: (record: AuditRecord) => void;
  readonly reject: (error: unknown) => void;
}

/** Bounds what one write holds in memory and how long the event loop is kept. */
const largestGroup = 1_000;

/**
 * Records are linked only when their turn to be written comes, behind the last record that was kept: a failed write
 * takes its records with it, and neither a number nor a hash is lost.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { file, path, patience } = options;
  const canonical = createCanonicalJson();
  const waiting: Waiting[] = [];
  let { head, length } = options;
  let overhang = false;
  let draining: Promise<void> | undefined;
  let closing: Promise<void> | undefined;

  const heal = async () => {
    if (!overhang) return;
    await file.truncate(length);
    overhang = false;
  };

  const keep = async (bytes: Uint8Array) => {
    await heal();
    overhang = true;
    await file.append(bytes);
    overhang = false;
    length += bytes.length;
  };

  const commit = async (group: readonly Waiting[]) => {
    const linked = linkGroup(group, head, canonical);
    const last = linked.at(-1);
    if (!last) return;
    try {
      await keep(Buffer.from(linked.map(({ line }) => `${line}\n`).join('')));
    } catch (cause) {
      // When even this fails, the next write tries again first.
      await heal().catch(() => {});
      const error = notWritten(path, cause);
      for (const { waiting } of linked) waiting.reject(error);
      return;
    }
    head = { sequence: last.record.sequence, hash: last.record.hash };
    for (const { waiting, record } of linked) {
      patience.kept(waiting.event);
      waiting.resolve(record);
    }
  };

  const drain = async () => {
    // One turn of patience: whoever calls in the same breath shares the write.
    await undefined;
    while (waiting.length > 0) {
      if (waiting.length < largestGroup) await patience.wait();
      await commit(waiting.splice(0, largestGroup));
    }
    draining = undefined;
  };

  const end = async () => {
    await draining;
    try {
      await heal();
    } finally {
      await file.close();
    }
  };

  return {
    get head() {
      return head;
    },
    record(event) {
      if (closing !== undefined) return Promise.reject(closed(path));
      return new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject });
        patience.arrived(event);
        draining ??= drain();
      });
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}

/** Links what has a JSON form, and tells the others at once. */
function linkGroup(group: readonly Waiting[], start: ChainHead, canonical: (value: unknown) => string) {
  const linked: (Link & { readonly waiting: Waiting })[] = [];
  let head = start;
  for (const waiting of group) {
    try {
      const { record, line } = linkOrReject(waiting.event, head, canonical);
      linked.push({ record, line, waiting });
      head = record;
    } catch (error) {
      waiting.reject(error);
    }
  }
  return linked;
}

function closed(path: string): GuestpassError {
  return new GuestpassError('storage_unavailable', `The audit log ${path} is closed.`, {
    retryable: false,
    remedy: 'Open it again to record more.',
  });
}

function notWritten(path: string, cause: unknown): GuestpassError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new GuestpassError('storage_unavailable', `The audit log ${path} could not be written${why}.`, { cause });
}
