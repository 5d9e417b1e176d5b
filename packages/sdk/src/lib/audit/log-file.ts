import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname } from 'node:path';

/** The file an audit log is written to: the few operations its promise rests on. */
export interface LogFile {
  /** Appends all of the bytes, or rejects; then some of them may have been written. */
  write(bytes: Uint8Array): Promise<void>;
  /** Resolves once everything written has reached the disk (`fdatasync`). */
  datasync(): Promise<void>;
  /** Cuts the file off behind `length` bytes. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log for appending, and makes it when it is not there. */
export type OpenLogFile = (path: string) => Promise<LogFile>;

/** A real file, readable by its owner alone. A new entry is on disk when it returns. */
export const openLogFile: OpenLogFile = async (path) => {
  const handle = await open(path, 'a', 0o600);
  await syncDirectory(dirname(path));
  return {
    async write(bytes) {
      for (let written = 0; written < bytes.length; ) {
        written += (await handle.write(bytes, written)).bytesWritten;
      }
    },
    datasync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  };
};

/** Without this a new file may be gone after a power cut. Windows keeps directories safe by itself, and refuses. */
async function syncDirectory(path: string): Promise<void> {
  if (platform() === 'win32') return;
  await using directory = await open(path, 'r');
  await directory.sync();
}
