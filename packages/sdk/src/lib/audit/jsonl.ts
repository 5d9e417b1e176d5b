import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import type { ChainHead } from './chain.ts';
import type { AuditSink, GuestOutcomeEvent } from './event.ts';
import { createGroupCommit, type GroupCommit } from './group-commit.ts';
import { type Durability, type OpenLogFile, openLogFile } from './log-file.ts';
import type { LogLock } from './log-lock.ts';
import { BrokenLogError, readLogState } from './log-state.ts';
import { openOwnLog } from './own-log.ts';
import { createPatience } from './patience.ts';
import { setTornAside } from './torn.ts';

/** How a log is written. */
export interface JsonlAuditLogOptions {
  /**
   * When a record counts as kept. `fsync` (the default): it is on the disk, and a power cut does not take it away.
   * `flush`: the operating system has it, so it outlives this process but not a power cut.
   */
  readonly durability?: Durability | undefined;
  /**
   * How long a record may wait for those of other guests under way, to share one sync of the disk, in milliseconds. A
   * guest that comes alone waits for nobody. Default 2; 0 never waits.
   */
  readonly patienceMs?: number | undefined;
  /** Times the patience and dates the records that are added on opening; does not date others. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** How the file is opened for writing. Default: a real file. Reading and locking do not go through it. */
  readonly openFile?: OpenLogFile | undefined;
}

/** A chained log in one file. */
export interface JsonlAuditLog extends AuditSink {
  /** The last record kept. Stored elsewhere, it shows a later verification that nothing up to here is gone. */
  readonly head: ChainHead;
}

/**
 * Opens a JSON lines file as a hash-chained log, and makes it (mode 0600, with its directories) when it is not there.
 * One process writes one log: `<path>.lock` says which. The chain goes on behind the last record; the rest of a write
 * cut short by a crash is moved to `<path>.torn`, and each intent that no outcome followed is answered by a
 * `WEBMESSAGING_GUEST_UNKNOWN` record before the log is handed over.
 * Rejects with `storage_unavailable` when the file cannot be used, is being written by another process, or is broken
 * where no crash explains it.
 *
 * @example await using audit = await jsonlAuditLog('/var/lib/guestpass/audit.jsonl');
 */
export async function jsonlAuditLog(path: string, options: JsonlAuditLogOptions = {}): Promise<JsonlAuditLog> {
  const { durability = 'fsync', patienceMs = 2, clock = systemClock, openFile = openLogFile } = options;
  try {
    const openKept = () => openFile(path, durability);
    return await openOwnLog(path, openKept, async ({ file, lock }) => {
      const { unanswered, torn, ...state } = await readLogState(path);
      if (torn) await setTornAside(file, path, torn);
      const patience = createPatience({ clock, longestMs: patienceMs });
      const commits = createGroupCommit({ file, path, patience, ...state });
      await Promise.all(unanswered.map((intent) => commits.record(unknownOutcome(intent, clock))));
      return logOf(commits, lock);
    });
  } catch (error) {
    throw cannotOpen(path, error);
  }
}

function logOf(commits: GroupCommit, lock: LogLock): JsonlAuditLog {
  let disposing: Promise<void> | undefined;
  const dispose = async () => {
    try {
      await commits.close();
    } finally {
      await lock.release();
    }
  };

  return {
    get head() {
      return commits.head;
    },
    record: commits.record,
    [Symbol.asyncDispose]() {
      disposing ??= dispose();
      return disposing;
    },
  };
}

/** Silence after an intent means that a crash came between: the guest may exist. */
function unknownOutcome(intent: Readonly<Record<string, unknown>>, clock: Clock): GuestOutcomeEvent {
  return {
    eventType: 'WEBMESSAGING_GUEST_UNKNOWN',
    guestId: null,
    channelId: textOrNull(intent.channelId),
    consentTimestamp: textOrNull(intent.consentTimestamp),
    captchaProvider: textOrNull(intent.captchaProvider),
    latencyMs: 0,
    successRate: 0,
    timestamp: new Date(clock.now()).toISOString(),
    attemptId: String(intent.attemptId),
    outcome: 'unknown',
    code: 'outcome_unknown',
    retries: 0,
    stages: {},
    correlationId: null,
    captcha: null,
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function cannotOpen(path: string, cause: unknown): GuestpassError {
  if (isGuestpassError(cause)) return cause;
  if (cause instanceof BrokenLogError) {
    return new GuestpassError('storage_unavailable', `The audit log ${path} is broken: ${cause.message}.`, {
      cause,
      retryable: false,
      remedy: `Run \`guestpass audit verify ${path}\` and keep the file as evidence; start a new log elsewhere.`,
    });
  }
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new GuestpassError('storage_unavailable', `The audit log ${path} could not be opened${why}.`, { cause });
}
