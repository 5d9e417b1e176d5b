import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { isatty } from 'node:tty';
import { systemClock } from 'guestpass/clock';
import { openBrowser } from './browser.ts';
import { main } from './main.ts';
import type { Surroundings, Terminal } from './terminal/surroundings.ts';

/**
 * Runs the command line of this process and sets its exit code. The first SIGINT or SIGTERM asks the command to end,
 * the second ends it. The end of its terminal asks a command that reloads to end; every other one it ends.
 */
export async function run(argv: readonly string[] = process.argv): Promise<void> {
  const interruption = new AbortController();
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(130);
    interruption.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // A reader that has read enough, such as `head`, is no fault.
  const unread = new AbortController();
  process.stdout.on('error', (error) => {
    tolerateClosedPipe(error);
    unread.abort(error);
  });
  process.stderr.on('error', tolerateClosedPipe);
  try {
    const onReload = (reload: () => void) => onHangup({ reload, end: () => interruption.abort(new Error('hung up')) });
    const { signal } = interruption;
    process.exitCode = await main({ ...surroundings(argv.slice(2), signal, unread.signal), onReload });
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

export interface Hangup {
  /** Somebody asks to read the configuration again. */
  readonly reload: () => void;
  /** The terminal is gone, and whoever sat there. May be called more than once. */
  readonly end: () => void;
}

/**
 * Tells what a SIGHUP means. The system sends one too when the terminal closes that standard input, output or error is:
 * then it is no terminal any more. Where none of the three was one, as under a supervisor or `nohup`, it always asks for a
 * reload. Disposing leaves the signal to Node.js, which ends the process.
 */
export function onHangup({ reload, end }: Hangup): Disposable {
  const terminals = [0, 1, 2].filter(isatty);
  const hear = () => (terminals.every(isatty) ? reload() : end());
  process.on('SIGHUP', hear);
  return { [Symbol.dispose]: () => void process.off('SIGHUP', hear) };
}

/** Less than the 5 seconds after which a supervisor may count on the end. */
const crashLimitMs = 4_500;

/**
 * Ends this process after an exception or a rejection that nobody caught: tells `end` of the first, waits until it is
 * done, for 4.5 seconds at most, and exits with code 1. Nothing is written here. Disposing leaves the process to Node.js.
 */
export function endOnCrash(end: (error: unknown) => Promise<void>): Disposable {
  let ending = false;
  const hear = (error: unknown) => {
    // What breaks while all is closed follows from the first.
    if (ending) return;
    ending = true;
    systemClock.after(crashLimitMs, () => process.exit(1));
    void endWith(end, error);
  };
  process.on('uncaughtException', hear);
  process.on('unhandledRejection', hear);
  return {
    [Symbol.dispose]() {
      if (ending) return;
      process.off('uncaughtException', hear);
      process.off('unhandledRejection', hear);
    },
  };
}

async function endWith(end: (error: unknown) => Promise<void>, error: unknown): Promise<void> {
  try {
    await end(error);
  } catch {
    // What could not be closed ends with the process.
  }
  process.stdout.write('', () => process.exit(1));
}

function surroundings(argv: readonly string[], signal: AbortSignal, unread: AbortSignal): Surroundings {
  return {
    argv,
    env: process.env,
    terminal: terminal(unread),
    readFile: (path) => decode(readFileSync(path)),
    // Windows has no such bits: there the profile of a user is closed to others.
    isOpenToOthers: (path) => process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0,
    openBrowser,
    readStdin: () => readStdin(signal),
    stdin: (until) => readChunks(until),
    readLines: (until) => readLines(until),
    readBytes: (path) => readFileSync(path),
    writeFile: (path, bytes) => writeFileSync(path, bytes, { flag: 'wx' }),
    signal,
    endOnCrash,
    nodeVersion: process.versions.node,
  };
}

function terminal(unread: AbortSignal): Terminal {
  return {
    out: (text) => void process.stdout.write(text),
    room: roomIn(process.stdout),
    unread,
    err: (text) => void process.stderr.write(text),
    inIsTty: process.stdin.isTTY === true,
    outIsTty: process.stdout.isTTY === true,
    errIsTty: process.stderr.isTTY === true,
  };
}

/** A stream that is closed takes everything: what is written there is nobody's any more. */
function roomIn(stream: NodeJS.WriteStream): () => Promise<void> {
  return () =>
    new Promise((resolve) => {
      if (!stream.writableNeedDrain || stream.destroyed) return resolve();
      const done = () => {
        stream.off('drain', done).off('close', done);
        resolve();
      };
      stream.on('drain', done).on('close', done);
    });
}

async function readStdin(signal: AbortSignal): Promise<string> {
  const giveUp = () => process.stdin.destroy(new Error('interrupted'));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return decode(Buffer.concat(chunks));
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** An abort ends the reading without an error. */
async function* readChunks(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const stop = () => process.stdin.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) yield* process.stdin;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    process.stdin.destroy();
  }
}

/** An abort ends the reading without an error. */
async function* readLines(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
  const lines = createInterface({ input: process.stdin, terminal: false });
  const stop = () => lines.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted) yield* lines;
  } finally {
    signal.removeEventListener('abort', stop);
    lines.close();
    // A stream that is still open would keep the process.
    process.stdin.destroy();
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** A terminal that has closed answers EIO. */
function tolerateClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
}
