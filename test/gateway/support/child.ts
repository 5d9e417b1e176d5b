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

export interface ChildOptions {
  /** Further options of node. Default none. */
  readonly nodeOptions?: readonly string[];
  /** Told of what the process says after its origin. */
  readonly onMessage?: (message: unknown) => void;
}

export function startChild(wanted: Wanted, { nodeOptions = [], onMessage }: ChildOptions = {}): ChildGateway {
  const execArgv = ['--conditions=guestpass-source', ...nodeOptions];
  const child = fork(program, [JSON.stringify(wanted)], { execArgv });
  if (onMessage) child.on('message', onMessage);
  const ended = endOf(child);
  const ready = Promise.race([
    originOf(child),
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

/** The first text is the origin; what was imported before the gateway may have told other things. */
function originOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('message', (message) => typeof message === 'string' && resolve(message));
  });
}

async function endOf(child: ChildProcess): Promise<number | string> {
  // The signature of the event `exit`.
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? 'unknown';
}
