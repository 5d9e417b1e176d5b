import { randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRunning, ownPid } from '../process.ts';

/** Gives a file a second name, which nobody may have yet. */
export type HardLink = (from: string, to: string) => Promise<void>;

/**
 * Makes a file (mode 0600) that is there with all of its content or not at all, whenever this process is killed or the
 * power goes; resolves with false when there is one already. Where the file system has no links, a kill may leave it
 * empty.
 */
export async function createWhole(path: string, content: string, hardLink: HardLink = link): Promise<boolean> {
  const draft = `${path}.${ownPid()}-${randomUUID()}`;
  try {
    await create(draft, content);
    try {
      await hardLink(draft, path);
      return true;
    } catch (error) {
      return codeOf(error) === 'EEXIST' ? false : await create(path, content);
    }
  } finally {
    await rm(draft, { force: true });
  }
}

/** Removes what processes that were killed in {@link createWhole} left beside the file. */
export async function clearDrafts(path: string): Promise<void> {
  const directory = dirname(path);
  // A directory may take files and not list them.
  const names = await readdir(directory).catch(() => []);
  const left = names.filter((name) => {
    const pid = draftOf(name, basename(path));
    return pid !== undefined && !isRunning(pid);
  });
  await Promise.allSettled(left.map((name) => rm(join(directory, name), { force: true })));
}

/** The number of the process that wrote a draft of this file. */
function draftOf(name: string, file: string): number | undefined {
  if (!name.startsWith(`${file}.`)) return undefined;
  const pid = /^(\d{1,15})-[\da-f-]{36}$/.exec(name.slice(file.length + 1))?.[1];
  return pid === undefined ? undefined : Number(pid);
}

async function create(path: string, content: string): Promise<boolean> {
  let file: FileHandle;
  try {
    file = await open(path, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    await file.writeFile(content);
    // A power cut could keep the name and lose the content.
    await file.sync();
    return true;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
