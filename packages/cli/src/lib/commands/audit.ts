import type { Command } from 'commander';
import type { Choose } from '../job.ts';
import type { OutputFlags } from '../output.ts';
import type { Surroundings } from '../surroundings.ts';

const examples = `Examples:
  guestpass audit verify audit.jsonl
  guestpass audit verify audit.jsonl --head 120:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
`;

/** `guestpass audit`: what can be done with an audit log. */
export function addAudit(program: Command, surroundings: Surroundings, choose: Choose): void {
  program
    .command('audit')
    .description('Works on audit logs.')
    .command('verify')
    .summary('check an audit log and name its first bad record')
    .description('Checks a whole audit log offline. Exits 6 when it is broken, and names the first bad record.')
    .addHelpText('before', examples)
    .argument('<file>', 'JSON lines file to check')
    .option('--head <sequence:hash>', 'a head kept elsewhere; shows a log cut off or written anew')
    .action((file: string, _, chosen: Command) =>
      choose<OutputFlags & { readonly head?: string }>(chosen, async (flags) => {
        const { verifyAudit } = await import('../verify-audit.ts');
        return verifyAudit(file, surroundings, flags);
      }),
    );
}
