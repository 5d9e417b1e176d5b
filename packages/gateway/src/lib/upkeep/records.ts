import type { Clock } from 'guestpass';
import type { Checkpoint, CheckpointKey } from 'guestpass/audit';
import { archiveDue } from '../audit/archive.ts';
import type { Database } from '../database/connect.ts';
import { createArchiveStore } from '../store/archives.ts';
import type { AuditStore } from '../store/audit.ts';
import { createRetentionStore } from '../store/retention.ts';
import { forgetDue, type RetentionTerms } from './retention.ts';
import { startUpkeep } from './upkeep.ts';

export interface RecordsOptions extends RetentionTerms {
  readonly database: Database;
  readonly audit: AuditStore;
  /** Where records go whose time is up. Default: they stay in the log. */
  readonly archiveDirectory?: string | undefined;
  /** The id of the log. */
  readonly origin: string;
  readonly key: CheckpointKey;
  /** The last checkpoint of the log. */
  readonly checkpoint: () => Checkpoint | undefined;
  readonly clock: Clock;
  /** Name and version of the program, for the manifests of archives. */
  readonly tool: string;
  /** Told of a run that failed; the next one goes on with its work. */
  readonly onProblem: (error: unknown) => void;
}

const hour = 3_600_000;

/**
 * Looks once an hour for what is past its time, and forgets or archives it. Disposing ends the run under way behind the
 * step it is at, and waits for that.
 */
export function keepRecords(options: RecordsOptions): AsyncDisposable {
  const { database, recordsMs: ageMs, archiveDirectory: directory, clock, onProblem } = options;
  const store = createRetentionStore({ database });
  const archives = createArchiveStore(database);
  const stopping = new AbortController();
  const { signal } = stopping;
  // One behind the other: a gateway has one turn at a time.
  const run = async () => {
    await forgetDue({ ...options, store, signal });
    if (ageMs === undefined || directory === undefined) return;
    await archiveDue({ ...options, archives, directory, ageMs, signal });
  };
  const upkeep = startUpkeep({ clock, onProblem, chores: [{ everyMs: hour, run }] });
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await upkeep[Symbol.asyncDispose]();
    },
  };
}
