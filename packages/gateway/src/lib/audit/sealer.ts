import type { Clock } from 'guestpass';
import { type ChainHead, type Checkpoint, type CheckpointFileOptions, openCheckpointFile } from 'guestpass/audit';
import type { AuditStore } from '../store/audit.ts';

export interface SealerOptions extends Omit<CheckpointFileOptions, 'clock'> {
  readonly audit: Pick<AuditStore, 'head'>;
  /**
   * The file of checkpoints, on a volume that whoever can write the database cannot write. Gateways that share a
   * database have a file each.
   */
  readonly path: string;
  readonly clock: Clock;
  /** Records between two checkpoints, and at most those of {@link lookEveryMs} more. Default 1,000. */
  readonly everyRecords?: number;
  /** The longest time between two checkpoints, also when nothing happens, in milliseconds. Default ten minutes. */
  readonly everyMs?: number;
  /** How often to look how far the log has come, in milliseconds. Default 1,000. */
  readonly lookEveryMs?: number;
  /** How long to wait after a failure, in milliseconds. Default 10,000. */
  readonly retryMs?: number;
  /**
   * Told when the key before has handed over, and no checkpoint is written until it resolves. May be told of a change
   * again by a process that starts behind it. What it rejects with is told to `onProblem`.
   */
  readonly onKeyChange?: (change: KeyChange) => Promise<void>;
  /** Told of each checkpoint that could not be written. The next one vouches for its records too. */
  readonly onProblem: (error: unknown) => void;
}

/** One key has introduced another. */
export interface KeyChange {
  /** The names of both. */
  readonly from: string;
  readonly to: string;
  /** Where the log stood. */
  readonly sequence: number;
}

/** Writes checkpoints of the audit log of the fleet, off the guest's path. */
export interface Sealer extends AsyncDisposable {
  /** The last checkpoint that is on the disk. */
  readonly last: Checkpoint | undefined;
  /** Writes a last checkpoint and closes the file; trouble is told, not thrown. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens the file of checkpoints and starts to write them: one at once, one every so many records or minutes, and one at
 * the end. Rejects with `storage_unavailable` when the file cannot be gone on with.
 */
export async function startSealer(options: SealerOptions): Promise<Sealer> {
  const { audit, path, clock, onProblem, onKeyChange = async () => {}, ...cadence } = options;
  const { everyRecords = 1_000, everyMs = 600_000, lookEveryMs = 1_000, retryMs = 10_000 } = cadence;
  const file = await openCheckpointFile(path, options);
  let sealedAt = Number.NEGATIVE_INFINITY;
  // The process before may have ended between the checkpoint and what is told of it.
  let untold = keyChangeIn(file.last);
  let stopping = false;
  let cancel = () => {};

  const isDue = (head: ChainHead) => {
    const { sequence = 0, hash = head.hash } = file.last ?? {};
    const more = head.sequence - sequence;
    // A log that shrank or changed is not signed, but told of at once.
    const changed = more < 0 || (more === 0 && head.hash !== hash);
    return changed || more >= everyRecords || clock.monotonic() - sealedAt >= everyMs;
  };

  const tellKeyChange = async () => {
    if (untold) await onKeyChange(untold);
    untold = undefined;
  };

  const sealWhen = async (due: (head: ChainHead) => boolean): Promise<boolean> => {
    try {
      await tellKeyChange();
      const head = await audit.head();
      if (!due(head)) return true;
      untold = keyChangeIn(await file.seal(head));
      sealedAt = clock.monotonic();
      await tellKeyChange();
      return true;
    } catch (error) {
      onProblem(error);
      return false;
    }
  };

  const look = async () => {
    const fine = await sealWhen(isDue);
    if (stopping) return;
    cancel = clock.after(fine ? lookEveryMs : retryMs, () => {
      looking = look();
    });
  };
  let looking = look();

  let stopped: Promise<void> | undefined;
  const stop = async () => {
    stopping = true;
    cancel();
    await looking;
    await sealWhen(() => true);
    await file[Symbol.asyncDispose]();
  };

  return {
    get last() {
      return file.last;
    },
    [Symbol.asyncDispose]() {
      stopped ??= stop();
      return stopped;
    },
  };
}

function keyChangeIn(checkpoint: Checkpoint | undefined): KeyChange | undefined {
  if (checkpoint?.nextKid === undefined) return undefined;
  return { from: checkpoint.kid, to: checkpoint.nextKid, sequence: checkpoint.sequence };
}
