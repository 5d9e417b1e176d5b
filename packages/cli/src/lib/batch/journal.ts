import { hash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { GuestpassError, isGuestpassError } from 'guestpass';
import type { LogLock } from 'guestpass/audit';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { createLedger, type Ledger, type LineState } from './ledger.ts';
import { linesIn } from './lines.ts';

/** What a batch has done, on disk before it is told. */
export interface Journal extends AsyncDisposable {
  /** What is known of a line from before. Throws `config_invalid` when another text stood there. */
  stateOf(line: number, text: string): LineState;
  /** The key that names the guest of a line to the platform, the same in every run of this journal. */
  keyOf(line: number, text: string): string;
  /** Resolves when it is on disk that the line is about to be sent. */
  begin(line: number, text: string): Promise<void>;
  /** Resolves when it is on disk what became of the line; `result` holds no secret. */
  end(line: number, text: string, ended: { readonly exit: number; readonly result: object }): Promise<void>;
  /** Exit codes of the lines that were done before. */
  readonly exits: ReadonlySet<number>;
  /** Whether lines ended before, and nobody knows how. */
  readonly hasUnknown: boolean;
}

/** A journal that is kept nowhere: each run is a batch of its own. */
export function forgetfulJournal(): Journal {
  const id = randomUUID();
  return {
    stateOf: () => 'new',
    keyOf: (line, text) => keyOf(id, line, text),
    begin: async () => {},
    end: async () => {},
    exits: new Set(),
    hasUnknown: false,
    [Symbol.asyncDispose]: async () => {},
  };
}

/**
 * Opens a journal in a JSON lines file: a new one, which must not be there yet, or with `resume` one that is. Records
 * of many lines share one sync of the disk. Rejects with `config_invalid` when the file cannot be used, and with
 * `storage_unavailable` while another batch writes it.
 */
export async function openJournal(path: string, { resume }: { readonly resume: boolean }): Promise<Journal> {
  const lock = await takeLock(path);
  try {
    return await openLocked(path, resume, lock);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function takeLock(path: string): Promise<LogLock> {
  const { lockLog } = await import('guestpass/audit');
  try {
    return await lockLog(path);
  } catch (error) {
    if (isGuestpassError(error)) throw error;
    throw misuse('--journal', `cannot be written${codeOf(error)}`, 'Name another file.');
  }
}

async function openLocked(path: string, resume: boolean, lock: LogLock): Promise<Journal> {
  const past = resume ? await readPast(path) : undefined;
  const file = await openFile(path, past);
  const append = createAppender(file);
  const id = past?.id ?? randomUUID();
  const ledger = past?.ledger ?? createLedger();
  if (past?.id === undefined) await append(`${JSON.stringify({ journal: kind, id })}\n`);
  return {
    stateOf(line, text) {
      const state = ledger.state(line);
      if (state !== 'new' && ledger.digest(line) !== digestOf(text)) throw changed(line, path);
      return state;
    },
    keyOf: (line, text) => keyOf(id, line, text),
    begin: (line, text) => append(`${JSON.stringify({ line, digest: digestOf(text) })}\n`),
    end: (line, text, { exit, result }) =>
      append(`${JSON.stringify({ line, digest: digestOf(text), exit, result })}\n`),
    exits: past?.exits ?? new Set(),
    hasUnknown: past?.hasUnknown ?? false,
    async [Symbol.asyncDispose]() {
      await file.close();
      await lock.release();
    },
  };
}

const kind = 'guestpass batch 1';

function keyOf(id: string, line: number, text: string): string {
  return `batch_${hash('sha256', JSON.stringify([id, line, text])).slice(0, 48)}`;
}

/** Enough to see that a file is another one. */
function digestOf(text: string): number {
  return Number.parseInt(hash('sha256', text).slice(0, 8), 16);
}

function changed(line: number, path: string): GuestpassError {
  const remedy = `Give the file as it was, or begin anew with another --journal than ${path}.`;
  return misuse('input', `has another text on line ${line} than when the journal was written`, remedy);
}

interface Past {
  /** Absent when the batch crashed before it was written. */
  readonly id: string | undefined;
  readonly ledger: Ledger;
  readonly exits: Set<number>;
  readonly hasUnknown: boolean;
  /** Bytes up to the last whole line. What a crash left behind it is cut off. */
  readonly size: number;
}

async function readPast(path: string): Promise<Past> {
  const ledger = createLedger();
  const exits = new Set<number>();
  let id: string | undefined;
  let isBare = true;
  let size = 0;
  let unknown = 0;
  try {
    for await (const { number, text, end, isWhole } of linesIn(createReadStream(path))) {
      if (!isWhole) {
        isBare &&= text !== undefined && head.startsWith(text.slice(0, head.length));
        break;
      }
      isBare = false;
      const entry = readEntry(text);
      if (number === 1) id = entry?.journal === kind ? entry.id : undefined;
      else if (entry?.line !== undefined && entry.digest !== undefined) {
        const state = stateIn(entry);
        if (ledger.state(entry.line) === 'unknown') unknown -= 1;
        if (state === 'unknown') unknown += 1;
        else if (entry.exit !== undefined) exits.add(entry.exit);
        ledger.set(entry.line, state, entry.digest);
      }
      size = end;
    }
  } catch (error) {
    throw misuse('--journal', `cannot be read${codeOf(error)}`, 'Leave --resume out to begin a batch.');
  }
  if (id === undefined && !isBare)
    throw misuse('--journal', 'is no journal of a batch', 'Name the journal of the batch.');
  return { id, ledger, exits, hasUnknown: unknown > 0, size };
}

/** How a journal begins. A crash may leave a part of that, and nothing behind it. */
const head = `{"journal":"${kind}"`;

function stateIn({ exit, result }: Entry): LineState {
  if (exit === undefined) return 'begun';
  return result?.outcome === 'unknown' ? 'unknown' : 'done';
}

interface Entry {
  readonly journal?: string;
  readonly id?: string;
  readonly line?: number;
  readonly digest?: number;
  readonly exit?: number;
  readonly result?: { readonly outcome?: string };
}

function readEntry(text: string | undefined): Entry | undefined {
  try {
    // A cast, because the file is our own; what is something else has none of these fields.
    return JSON.parse(text ?? '') as Entry;
  } catch {
    return undefined;
  }
}

async function openFile(path: string, past: Past | undefined): Promise<FileHandle> {
  try {
    const file = await open(path, past ? 'a' : 'ax', 0o600);
    if (past) await file.truncate(past.size);
    return file;
  } catch (error) {
    const isThere = codeOf(error) === ' (EEXIST)';
    const detail = isThere ? 'is there already, so this batch was begun before' : `cannot be written${codeOf(error)}`;
    throw misuse(
      path,
      detail,
      isThere ? 'Go on with it by --resume, or name another by --journal.' : 'Name another file by --journal.',
    );
  }
}

/** Writes what comes together at once, and syncs it at once. */
function createAppender(file: FileHandle): (text: string) => Promise<void> {
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  const write = async () => {
    const text = waiting.join('');
    waiting = [];
    writing = undefined;
    try {
      await file.appendFile(text);
      await file.datasync();
    } catch (error) {
      throw new GuestpassError('storage_unavailable', `The journal cannot be written${codeOf(error)}.`, {
        cause: error,
      });
    }
  };
  let last: Promise<void> = Promise.resolve();
  return (text) => {
    waiting.push(text);
    if (!writing) {
      writing = last.then(write);
      last = writing.catch(() => {});
    }
    return writing;
  };
}
