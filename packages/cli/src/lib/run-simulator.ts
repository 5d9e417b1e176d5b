import { createSimulator, type Listening, type Simulator } from '@guestpass/simulator';
import { exitCodes } from './exit-codes.ts';
import { codeOf, misuse } from './misuse.ts';
import { type OutputFlags, paintFor, say } from './output.ts';
import type { Surroundings } from './surroundings.ts';
import { columns, jsonDocument } from './text.ts';

export interface SimulateFlags extends OutputFlags {
  readonly port: number;
  readonly strictPort?: boolean;
  readonly host: string;
  readonly seed?: string;
}

/** Runs the simulator until it is asked to end. Resolves with the exit code. */
export async function runSimulator(surroundings: Surroundings, flags: SimulateFlags): Promise<number> {
  const { terminal, signal } = surroundings;
  const ended = abortOf(signal);
  await using simulator = createSimulator(flags.seed === undefined ? {} : { seed: flags.seed });
  const { url, port } = await listen(simulator, flags);
  if (port !== flags.port && flags.port !== 0)
    say(terminal, flags, `Port ${flags.port} is busy; port ${port} is taken.\n`);
  terminal.out(
    flags.json ? jsonDocument(facts(url, port, simulator.seed)) : welcome(url, simulator.seed, { surroundings, flags }),
  );
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

const triedPorts = 50;

async function listen(simulator: Simulator, { port, host, strictPort }: SimulateFlags): Promise<Listening> {
  for (let next = port; ; next += 1) {
    try {
      return await simulator.listen({ port: next, host });
    } catch (error) {
      const code = codeOf(error);
      const another = code === ' (EADDRINUSE)' && !strictPort && next < Math.min(port + triedPorts, 65_535);
      if (!another)
        throw misuse('--port', `${next} of ${host} cannot be listened on${code}`, 'Choose another --port or --host.');
    }
  }
}

function facts(url: string, port: number, seed: string) {
  return { url, port, clientId: 'sim-client', clientSecret: 'sim-secret', seed };
}

function welcome(
  url: string,
  seed: string,
  { surroundings, flags }: { readonly surroundings: Surroundings; readonly flags: OutputFlags },
): string {
  const paint = paintFor('out', surroundings, flags);
  const elsewhere = url === 'http://127.0.0.1:4010' ? '' : ` --environment ${url}`;
  return `${paint.bold('Simulated Genesys Cloud')}  ${paint.cyan(url)}
${columns([
  ['client id', 'sim-client'],
  ['client secret', 'sim-secret'],
  ['channels', 'demo, your-channel-id, disabled'],
  ['seed', seed],
])}
Try  guestpass authenticate --target simulator${elsewhere} --channel demo --consent
     curl -s -u sim-client:sim-secret -d grant_type=client_credentials ${url}/oauth/token

Ctrl-C ends it.
`;
}
