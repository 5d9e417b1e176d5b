import { Command } from 'commander';
import { addAudit } from './commands/audit.ts';
import { addAuthenticate } from './commands/authenticate.ts';
import { addBatch } from './commands/batch.ts';
import { addChat } from './commands/chat.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addDeliveries } from './commands/deliveries.ts';
import { addDoctor } from './commands/doctor.ts';
import { addHelp } from './commands/help.ts';
import { addListen } from './commands/listen.ts';
import { addLoad } from './commands/load.ts';
import { addOpen } from './commands/open.ts';
import { addOperator } from './commands/operator.ts';
import { addProfiles } from './commands/profiles.ts';
import { addServe } from './commands/serve.ts';
import { addSimulate } from './commands/simulate.ts';
import { addTail } from './commands/tail.ts';
import { addTrigger } from './commands/trigger.ts';
import { exitCodes } from './terminal/exit-codes.ts';
import { helpAsked } from './terminal/help-asked.ts';
import type { Choose, Job } from './terminal/job.ts';
import { paintFor } from './terminal/output.ts';
import type { Surroundings } from './terminal/surroundings.ts';
import { jsonDocument } from './terminal/text.ts';
import { version } from './terminal/version.ts';

const examples = `Examples:
  guestpass simulate
  guestpass authenticate --target simulator --channel demo --consent
  guestpass doctor --target simulator
`;

/** Reads the command line. Throws a `CommanderError` when it cannot, or when help or version was all that was asked. */
export function parseJob(surroundings: Surroundings): Job {
  let job: Job | undefined;
  const program = createProgram(surroundings);
  const choose: Choose = (command, work) => {
    // The options are declared beside the work that takes them.
    const flags = command.optsWithGlobals();
    job = { flags, start: () => work(flags as Parameters<typeof work>[0]) };
  };
  addAuthenticate(program, surroundings, choose);
  addBatch(program, surroundings, choose);
  addChat(program, surroundings, choose);
  addLoad(program, surroundings, choose);
  addServe(program, surroundings, choose);
  addSimulate(program, surroundings, choose);
  addTail(program, surroundings, choose);
  addDeliveries(program, surroundings, choose);
  addOperator(program, surroundings, choose);
  addOpen(program, surroundings, choose);
  addListen(program, surroundings, choose);
  addTrigger(program, surroundings, choose);
  addAudit(program, surroundings, choose);
  addConfig(program, surroundings, choose);
  addProfiles(program, surroundings, choose);
  addDoctor(program, surroundings, choose);
  addCompletion(program, surroundings, choose);
  addHelp(program, surroundings, choose);
  pointToOwnHelp(program);
  const helped = surroundings.argv.includes('--json') ? helpAsked(program, surroundings.argv) : undefined;
  if (helped) return { flags: { json: true }, start: () => tellHelp(helped, surroundings) };
  program.parse(surroundings.argv, { from: 'user' });
  return job ?? program.help({ error: true });
}

async function tellHelp(command: Command, { terminal }: Surroundings): Promise<number> {
  const { helpDocument } = await import('./terminal/help-document.ts');
  terminal.out(jsonDocument(helpDocument(command)));
  return exitCodes.done.code;
}

/** A slip is answered with where the help of its own command is. */
function pointToOwnHelp(command: Command, before = ''): void {
  const path = `${before}${command.name()} `;
  command.showHelpAfterError(`  Next: read ${path}--help`);
  if (command.parent && command.commands.length > 0) command.helpCommand('help [command]', 'show help on a command');
  for (const child of command.commands) pointToOwnHelp(child, path);
}

function createProgram(surroundings: Surroundings): Command {
  const { terminal } = surroundings;
  const program = new Command('guestpass');
  return program
    .exitOverride()
    .configureOutput({
      writeOut: terminal.out,
      writeErr: terminal.err,
      outputError: (text, write) => {
        const paint = paintFor('err', surroundings, { color: !surroundings.argv.includes('--no-color') });
        write(`${paint.red('✗')} ${text.replace(/^error: /, '')}`);
      },
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ showGlobalOptions: true })
    .description('Lets web-messaging guests into Genesys Cloud.')
    .addHelpText('before', examples)
    .helpCommand(false)
    .helpOption('-h, --help', 'show help')
    .version(version(), '-V, --version', 'show the version')
    .option('--json', 'print one JSON document')
    .option('-q, --quiet', 'print the result alone')
    .option('-v, --debug', 'print each request to the platform, without secrets')
    .option('--no-color', 'print without colors; NO_COLOR does the same')
    .option('--no-input', 'never wait for a person at the terminal');
}
