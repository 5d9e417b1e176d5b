import { Argument, type Command } from 'commander';
import { type Shell, shells } from '../completion/scripts.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';

const examples = `Examples:
  source <(guestpass completion bash)
  guestpass completion zsh > "\${fpath[1]}/_guestpass"
  guestpass completion fish > ~/.config/fish/completions/guestpass.fish
  guestpass completion pwsh | Out-String | Invoke-Expression
`;

/** `guestpass completion`: scripts that complete commands and flags. */
export function addCompletion(program: Command, { terminal }: Surroundings, choose: Choose): void {
  program
    .command('completion')
    .summary('print a script that completes commands and flags')
    .description(
      'Prints a script that completes commands and flags in a shell. It is made from the commands themselves.',
    )
    .addHelpText('before', examples)
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .action((shell: Shell, _, chosen: Command) =>
      choose<OutputFlags>(chosen, async () => {
        const { readTree } = await import('../completion/command-tree.ts');
        const { completionScript } = await import('../completion/scripts.ts');
        terminal.out(completionScript(readTree(program), shell));
        return exitCodes.done.code;
      }),
    );
}
