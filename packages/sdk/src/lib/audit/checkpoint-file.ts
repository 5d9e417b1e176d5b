import { type Clock, systemClock } from '../clock.ts';
import { GuestpassError, isGuestpassError } from '../errors.ts';
import type { ChainHead } from './chain.ts';
import {
  type Checkpoint,
  hashOfCheckpoint,
  kidInForce,
  lastSignatureFault,
  noCheckpoint,
  parseCheckpoint,
  type SignedCheckpoint,
  signCheckpoint,
  signRotation,
} from './checkpoint.ts';
import type { CheckpointKey } from './checkpoint-keys.ts';
import { type LogFile, type OpenLogFile, openLogFile } from './log-file.ts';
import { type LogLine, readLogLines } from './log-lines.ts';
import type { LogLock } from './log-lock.ts';
import { openOwnLog } from './own-log.ts';
import { setTornAside } from './torn.ts';
import { contradicts } from './verify-checkpoints.ts';

/** How checkpoints are signed and kept. */
export interface CheckpointFileOptions {
  /** The id of the log. A file holds the checkpoints of one. */
  readonly origin: string;
  readonly key: CheckpointKey;
  /** The key before, when `key` is new: the next checkpoint is signed with both, and those behind it with `key`. */
  readonly previousKey?: CheckpointKey | undefined;
  /** Dates the checkpoints. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** How the file is opened for writing. Default: a real file. Reading and locking do not go through it. */
  readonly openFile?: OpenLogFile | undefined;
}

/** A file of checkpoints, open for more. */
export interface CheckpointFile extends AsyncDisposable {
  /** The last one written, by this process or one before it. */
  readonly last: Checkpoint | undefined;
  /**
   * Signs where the log stands and appends it; resolves once it is on the disk. Rejects with `storage_unavailable` when
   * it cannot be written, and when the log cannot have come to `head` from the last checkpoint: it was cut off or
   * rewritten, and no signature may hide that.
   */
  seal(head: ChainHead): Promise<Checkpoint>;
}

/**
 * Opens a JSON lines file of checkpoints, and makes it (mode 0600, with its directories) when it is not there. It goes
 * on behind the last one; the rest of a write cut short by a crash is moved to `<path>.torn`. One process writes one
 * file: `<path>.lock` says which.
 * Rejects with `storage_unavailable` when the file cannot be used, is being written by another process, speaks of
 * another log, or ends in a checkpoint that neither `key` nor `previousKey` signed.
 */
export async function openCheckpointFile(path: string, options: CheckpointFileOptions): Promise<CheckpointFile> {
  const { openFile = openLogFile } = options;
  try {
    return await openOwnLog(
      path,
      () => openFile(path, 'fsync'),
      async ({ file, lock }) => {
        const { last, torn, length } = await readEnd(path, options);
        if (torn) await setTornAside(file, path, torn);
        return writerOf({ path, file, lock, length, last }, options);
      },
    );
  } catch (error) {
    throw isGuestpassError(error) ? error : failed(`The checkpoints ${path} could not be opened`, error);
  }
}

interface Opened {
  readonly path: string;
  readonly file: LogFile;
  readonly lock: LogLock;
  /** Bytes of the checkpoints that are there. */
  readonly length: number;
  readonly last: SignedCheckpoint | undefined;
}

function writerOf({ path, file, lock, ...end }: Opened, options: CheckpointFileOptions): CheckpointFile {
  const { origin, clock = systemClock } = options;
  let { last, length } = end;
  let clean = true;
  let turn: Promise<unknown> = Promise.resolve();

  let disposing: Promise<void> | undefined;
  const dispose = async () => {
    await turn;
    try {
      await file.close();
    } finally {
      await lock.release();
    }
  };

  const append = async (line: string) => {
    const bytes = Buffer.from(`${line}\n`);
    try {
      // What a failed write left behind goes first.
      if (!clean) await file.truncate(length);
      clean = false;
      await file.append(bytes);
    } catch (error) {
      throw failed(`The checkpoint could not be written to ${path}`, error);
    }
    clean = true;
    length += bytes.length;
  };

  const seal = async (head: ChainHead): Promise<Checkpoint> => {
    if (last && contradicts(head, last.checkpoint)) throw contradicted(path, head, last.checkpoint);
    const timestamp = new Date(clock.now()).toISOString();
    const previous = last ? hashOfCheckpoint(last.line) : noCheckpoint;
    const signed = sign({ origin, sequence: head.sequence, hash: head.hash, timestamp, previous }, last, options);
    await append(signed.line);
    last = signed;
    return signed.checkpoint;
  };

  return {
    get last() {
      return last?.checkpoint;
    },
    seal(head) {
      const sealed = turn.then(() => seal(head));
      turn = sealed.catch(() => {});
      return sealed;
    },
    [Symbol.asyncDispose]() {
      disposing ??= dispose();
      return disposing;
    },
  };
}

/** The key before signs for the last time where the keys change. */
function sign(
  claim: Parameters<typeof signCheckpoint>[0],
  last: SignedCheckpoint | undefined,
  { key, previousKey }: CheckpointFileOptions,
): SignedCheckpoint {
  const inForce = last && kidInForce(last.checkpoint);
  const rotates = previousKey && inForce === previousKey.kid && inForce !== key.kid;
  return rotates ? signRotation(claim, { from: previousKey, to: key }) : signCheckpoint(claim, key);
}

/** Where to go on. The file as a whole is for `verifyCheckpoints`. */
async function readEnd(path: string, { origin, key, previousKey }: CheckpointFileOptions) {
  let whole: LogLine | undefined;
  let torn: LogLine | undefined;
  for await (const line of readLogLines(path)) {
    if (line.complete) whole = line;
    else torn = line;
  }
  if (!whole) return { last: undefined, torn, length: 0 };
  const checkpoint = parseCheckpoint(whole.text);
  if (typeof checkpoint === 'string') throw broken(path, checkpoint);
  const keys = previousKey ? [key, previousKey] : [key];
  const fault = lastSignatureFault(checkpoint, keys);
  if (fault) throw broken(path, fault.detail);
  if (checkpoint.origin !== origin) throw broken(path, 'speaks of another log');
  return { last: { checkpoint, line: whole.text }, torn, length: whole.end };
}

function broken(path: string, detail: string): GuestpassError {
  return new GuestpassError('storage_unavailable', `The last checkpoint in ${path} ${detail}.`, {
    retryable: false,
    remedy: 'Give the key it was signed with as well, or keep the file as evidence and start a new one elsewhere.',
  });
}

function contradicted(path: string, head: ChainHead, last: Checkpoint): GuestpassError {
  const detail =
    `The audit log stands at record ${head.sequence}, and cannot have come there from record ${last.sequence}, ` +
    `where it stood at the last checkpoint in ${path}.`;
  return new GuestpassError('storage_unavailable', detail, {
    retryable: false,
    remedy:
      'The log was cut off or rewritten, or restored from a backup. Keep both as evidence; after a restore, start a new file of checkpoints.',
  });
}

function failed(detail: string, cause: unknown): GuestpassError {
  const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new GuestpassError('storage_unavailable', `${detail}${why}.`, { cause });
}
