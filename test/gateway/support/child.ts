import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Wanted } from './options.ts';

/** A gateway in another process. */
export interface ChildGateway extends AsyncDisposable {
  /** Resolves with its origin once it serves; rejects when it ends before. */
  readonly ready: Promise<string>;
  /** Sends a signal, and resolves with the exit code, or the signal that ended it. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | string>;
}

const program = fileURLToPath(new URL('gateway-process.ts', import.meta.url));

export function startChild(wanted: Wanted): ChildGateway {
  const child = fork(program, [JSON.stringify(wanted)], { execArgv: ['--conditions=guestpass-source'] });
  const ended = endOf(child);
  const ready = Promise.race([
    once(child, 'message').then(([url]) => String(url)),
    ended.then((how): never => {
      throw new Error(`The gateway ended before it served: ${how}.`);
    }),
  ]);
  // Who kills it does not always wait for it to serve.
  ready.catch(() => {});
  const end = (signal: 'SIGKILL' | 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  return { ready, end, [Symbol.asyncDispose]: async () => void (await end('SIGKILL')) };
}

async function endOf(child: ChildProcess): Promise<number | string> {
  // The signature of the event `exit`.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 'unknown';
}
