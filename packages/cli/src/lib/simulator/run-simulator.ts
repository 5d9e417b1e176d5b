import { createSimulator, type Listening, type Simulator, type SimulatorOptions } from '@guestpass/simulator';
import { exitCodes } from '../terminal/exit-codes.ts';
import { codeOf, misuse } from '../terminal/misuse.ts';
import { say } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { jsonDocument } from '../terminal/text.ts';
import { type SimulateFlags, simulatorOptions, tlsOptions } from './simulator-options.ts';
import { simulatorFacts, simulatorWelcome } from './tell-simulator.ts';

/** Runs the simulator until it is asked to end. Resolves with the exit code. */
export async function runSimulator(surroundings: Surroundings, flags: SimulateFlags): Promise<number> {
  const { terminal, signal } = surroundings;
  const ended = abortOf(signal);
  const options = simulatorOptions(flags);
  await using simulator = create(options);
  const listening = await listen(simulator, flags);
  const { port } = listening;
  if (port !== flags.port && flags.port !== 0)
    say(terminal, flags, `Port ${flags.port} is busy; port ${port} is taken.\n`);
  const facts = simulatorFacts(listening, { options, seed: simulator.seed });
  terminal.out(flags.json ? jsonDocument(facts) : simulatorWelcome(facts, surroundings, flags));
  await ended;
  say(terminal, flags, 'The simulator has ended.\n');
  return exitCodes.done.code;
}

function abortOf(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function create(options: SimulatorOptions): Simulator {
  try {
    return createSimulator(options);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // Everything else the flags can say was read above.
    throw misuse('--redirect-uri', error.message, 'Give an https address, or an http one on this machine.');
  }
}

const triedPorts = 50;

async function listen(simulator: Simulator, flags: SimulateFlags): Promise<Listening> {
  const { port, host, strictPort } = flags;
  const tls = tlsOptions(flags);
  for (let next = port; ; next += 1) {
    try {
      return await simulator.listen({ port: next, host, tls });
    } catch (error) {
      const another = isBusy(error) && !strictPort && next < Math.min(port + triedPorts, 65_535);
      if (!another) throw listenProblem(error, { port: next, host });
    }
  }
}

function isBusy(error: unknown): boolean {
  return codeOf(error) === ' (EADDRINUSE)';
}

function listenProblem(error: unknown, { port, host }: Pick<SimulateFlags, 'port' | 'host'>): unknown {
  if (error instanceof TypeError) {
    return misuse('--tls', error.message, 'Choose another --tls-name or --tls-directory.');
  }
  if (error instanceof Error && 'path' in error) {
    return misuse('--tls-directory', `${error.path} cannot be used${codeOf(error)}`, 'Choose another --tls-directory.');
  }
  const detail = `${port} of ${host} cannot be listened on${codeOf(error)}`;
  return misuse('--port', detail, 'Choose another --port or --host.');
}
