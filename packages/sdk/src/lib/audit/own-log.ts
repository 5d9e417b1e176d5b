import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuestpassError } from '../errors.ts';
import type { LogFile } from './log-file.ts';
import { type LogLock, lockLog } from './log-lock.ts';
import { undoOnFailure } from './undo-on-failure.ts';

/** A log this process alone writes. */
export interface OwnLog {
  readonly file: LogFile;
  /** Given back last, when the file is closed. */
  readonly lock: LogLock;
}

/**
 * Opens a log for this process alone, with its directories (mode 0700), and hands it to `begin`. When that fails, the file
 * is closed and the lock given back; afterwards both are the matter of whoever holds the result.
 */
export async function openOwnLog<T>(
  path: string,
  openFile: () => Promise<LogFile>,
  begin: (log: OwnLog) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await refuseDevice(path);
  const lock = await lockLog(path);
  return await undoOnFailure(
    () => lock.release(),
    async () => {
      const file = await openFile();
      return await undoOnFailure(
        () => file.close(),
        () => begin({ file, lock }),
      );
    },
  );
}

/** A device or a pipe keeps nothing, and may have no end to read to. */
async function refuseDevice(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  // Whatever else is wrong with the path, opening it tells.
  if (!found || found.isFile() || found.isDirectory()) return;
  throw new GuestpassError('storage_unavailable', `${path} is no file that could keep records.`, {
    retryable: false,
    remedy: 'Name a file.',
  });
}
