import { createHash } from 'node:crypto';
import { realpathSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock } from 'guestpass';

/** Calls `onEvent` when something happens in a folder. May miss events, and says nothing of it. */
export type WatchFolder = (folder: string, onEvent: () => void) => Disposable;

export interface WatchFilesOptions {
  /** The files as they are named now. */
  readonly paths: () => readonly string[];
  /** Reads a file as text; throws the system's error. */
  readonly readFile: (path: string) => string;
  readonly clock: Clock;
  /** Told once for changes that come together, when two looks in a row have found the same. */
  readonly onChange: () => void;
  /** Default: the system is asked. */
  readonly watchFolder?: WatchFolder;
  /** A look without any event is taken this often, in milliseconds. Default 30,000. */
  readonly pollMs?: number;
  /** Time from an event to a look, and between two looks, in milliseconds. Default 500. */
  readonly settleMs?: number;
}

/**
 * Watches what stands in files, however they are replaced: written in place, renamed over, or behind a link that points
 * elsewhere, as Kubernetes mounts secrets. Folders are watched, because a file that was replaced is another one; events
 * only hasten the next look, so on a file system that has none a change is found a little later.
 */
export function watchFiles(options: WatchFilesOptions): Disposable {
  const { clock, onChange, watchFolder = watchSystemFolder, pollMs = 30_000, settleMs = 500 } = options;
  let told = printOf(options);
  let seen = told;
  let cancelLook: (() => void) | undefined;
  let watchers: readonly Disposable[] = [];

  const lookSoon = () => {
    cancelLook ??= clock.after(settleMs, look);
  };

  const look = () => {
    cancelLook = undefined;
    const found = printOf(options);
    const isSettled = found === seen;
    seen = found;
    if (found === told) return;
    if (!isSettled) return lookSoon();
    told = found;
    onChange();
  };

  const leave = () => {
    for (const watcher of watchers) watcher[Symbol.dispose]();
  };

  // A folder that was replaced is another one too, so they are opened anew each time.
  const watchAnew = () => {
    leave();
    watchers = foldersOf(options.paths()).map((folder) => watchFolder(folder, lookSoon));
    cancelPoll = clock.after(pollMs, poll);
  };

  const poll = () => {
    watchAnew();
    lookSoon();
  };

  let cancelPoll = () => {};
  watchAnew();
  return {
    [Symbol.dispose]() {
      leave();
      cancelPoll();
      cancelLook?.();
    },
  };
}

/** Tells other contents from these, and not what they are. */
function printOf({ paths, readFile }: WatchFilesOptions): string {
  const hash = createHash('sha256');
  for (const path of paths()) hash.update(JSON.stringify([path, contentsOf(path, readFile)]));
  return hash.digest('hex');
}

function contentsOf(path: string, readFile: WatchFilesOptions['readFile']): string | null {
  try {
    return readFile(path);
  } catch {
    return null;
  }
}

/** Where the files are named, and where the links there lead. */
function foldersOf(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => [dirname(path), ...realFolder(path)]))];
}

function realFolder(path: string): readonly string[] {
  try {
    return [dirname(realpathSync(path))];
  } catch {
    return [];
  }
}

/** One that cannot be watched, or no longer, is looked at from time to time all the same. */
function watchSystemFolder(folder: string, onEvent: () => void): Disposable {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return { [Symbol.dispose]: () => watcher.close() };
  } catch {
    return { [Symbol.dispose]() {} };
  }
}
