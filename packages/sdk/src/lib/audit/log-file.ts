import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname } from 'node:path';

/** When a record counts as kept: on the disk, or handed to the operating system. */
export type Durability = 'fsync' | 'flush';

/** The file an audit log is written to: the few operations its promise rests on. */
export interface LogFile {
  /** Appends all of the bytes and resolves once they are kept, or rejects; then some of them may be there. */
  append(bytes: Uint8Array): Promise<void>;
  /** Cuts the file off behind `length` bytes, and resolves once that is kept. */
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens a log for appending, and makes it when it is not there. What it then keeps, it keeps as `durability` says. */
export type OpenLogFile = (path: string, durability: Durability) => Promise<LogFile>;

/**
 * On Linux a write to a file opened so returns when the data is on the disk, as after `fdatasync` (open(2)): one trip
 * into the kernel instead of two. Elsewhere that flag promises less or is not there.
 */
const appendSynced =
  platform() === 'linux' && constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_DSYNC;

/** A real file, readable by its owner alone. A new entry is on disk when it returns. */
export const openLogFile: OpenLogFile = async (path, durability) => {
  const synced = durability === 'fsync';
  const handle = await open(path, (synced && appendSynced) || 'a', 0o600);
  await syncDirectory(dirname(path));
  return {
    async append(bytes) {
      for (let written = 0; written < bytes.length; ) {
        written += (await handle.write(bytes, written)).bytesWritten;
      }
      if (synced && !appendSynced) await handle.datasync();
    },
    async truncate(length) {
      await handle.truncate(length);
      if (synced) await handle.datasync();
    },
    close: () => handle.close(),
  };
};

/** Without this a new file may be gone after a power cut. Windows keeps directories safe by itself, and refuses. */
async function syncDirectory(path: string): Promise<void> {
  if (platform() === 'win32') return;
  await using directory = await open(path, 'r');
  await directory.sync();
}
