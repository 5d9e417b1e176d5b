import { type Command, InvalidArgumentError } from 'commander';
import type { Choose } from '../job.ts';
import type { SimulateFlags } from '../run-simulator.ts';
import type { Surroundings } from '../surroundings.ts';

const examples = `Examples:
  guestpass simulate
  guestpass simulate --port 5000 --seed 7
`;

/** `guestpass simulate`: runs a platform on this machine. */
export function addSimulate(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('simulate')
    .summary('run a Genesys Cloud of your own')
    .description('Runs a simulator of Genesys Cloud on this machine until Ctrl-C. Ending it that way is no failure.')
    .addHelpText('before', examples)
    .option('--port <number>', 'port to listen on; 0 for any free one', readPort, 4010)
    .option('--strict-port', 'fail when the port is busy, instead of taking the next one')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--seed <text>', 'makes ids, tokens and chances the same in every run')
    .action((_, chosen: Command) =>
      choose<SimulateFlags>(chosen, async (flags) => {
        const { runSimulator } = await import('../run-simulator.ts');
        return runSimulator(surroundings, flags);
      }),
    );
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port >= 0 && port <= 65_535) return port;
  throw new InvalidArgumentError('Give a number from 0 to 65535.');
}
