import type { Command } from 'commander';
import type { VerifyFlags } from '../audit/audit-evidence.ts';
import type { Choose } from '../terminal/job.ts';
import type { OutputFlags } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { gather } from './flag-values.ts';

const verifyExamples = `Examples:
  guestpass audit verify audit.jsonl
  guestpass audit verify audit.jsonl --head 120:5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9
  guestpass audit verify audit.jsonl --checkpoints checkpoints.jsonl --public-key checkpoint-key.pem.pub
  guestpass audit verify export.csv --manifest manifest.json --public-key checkpoint-key.pem.pub
  guestpass audit verify old.jsonl new.jsonl --manifest old.json --manifest new.json --public-key checkpoint-keys.pem
`;

const keygenExamples = `Examples:
  guestpass audit keygen
  guestpass audit keygen /etc/guestpass/checkpoint-key.pem
`;

/** `guestpass audit`: what can be done with an audit log. */
export function addAudit(program: Command, surroundings: Surroundings, choose: Choose): void {
  const audit = program
    .command('audit')
    .summary('check audit logs, and make keys for them')
    .description('Works on audit logs.')
    .addHelpText('before', verifyExamples);
  addVerify(audit, surroundings, choose);
  addKeygen(audit, surroundings, choose);
}

function addVerify(audit: Command, surroundings: Surroundings, choose: Choose): void {
  audit
    .command('verify')
    .summary('check an audit log and name its first bad record')
    .description('Checks a whole audit log offline. Exits 6 when it is broken, and names the first bad record.')
    .addHelpText('before', verifyExamples)
    .argument('<file...>', 'JSON lines file, or exports with their manifests')
    .option('--head <sequence:hash>', 'a head kept elsewhere; shows a log cut off or written anew')
    .option('--checkpoints <file>', 'checkpoints kept elsewhere; show the same. May be given again', gather)
    .option(
      '--public-key <file>',
      'PEM file of keys that signed, the first is enough where each introduced the next; may be given again',
      gather,
    )
    .option('--manifest <file>', 'the manifest of an export; one for each, in their order', gather)
    .action((files: readonly string[], _, chosen: Command) =>
      choose<VerifyFlags>(chosen, async (flags) => {
        const { verifyAudit } = await import('../audit/verify-audit.ts');
        return verifyAudit(files, surroundings, flags);
      }),
    );
}

function addKeygen(audit: Command, surroundings: Surroundings, choose: Choose): void {
  audit
    .command('keygen')
    .summary('make a key that signs checkpoints')
    .description(
      'Makes an Ed25519 key that signs checkpoints: the private key in <file>, the public one in <file>.pub.',
    )
    .addHelpText('before', keygenExamples)
    .argument('[file]', 'where the private key goes; nothing is overwritten', 'checkpoint-key.pem')
    .action((file: string, _, chosen: Command) =>
      choose<OutputFlags>(chosen, async (flags) => {
        const { createAuditKey } = await import('../audit/create-audit-key.ts');
        return createAuditKey(file, surroundings, flags);
      }),
    );
}
