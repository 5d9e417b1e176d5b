import { createCheckpointKeyFiles } from 'guestpass/audit';
import { exitCodes } from '../terminal/exit-codes.ts';
import { type OutputFlags, paintFor } from '../terminal/output.ts';
import type { Surroundings } from '../terminal/surroundings.ts';
import { columns, jsonDocument, printable } from '../terminal/text.ts';

/** Makes a key that signs checkpoints, and tells where it is. Resolves with the exit code. */
export async function createAuditKey(path: string, surroundings: Surroundings, flags: OutputFlags): Promise<number> {
  const { terminal } = surroundings;
  const { kid } = await createCheckpointKeyFiles(path);
  const files = { privateKey: path, publicKey: `${path}.pub` };
  if (flags.json) terminal.out(jsonDocument({ kid, ...files }));
  else if (flags.quiet) terminal.out(`${kid}\n`);
  else terminal.out(keyText(kid, files, paintFor('out', surroundings, flags).green('✓')));
  return exitCodes.done.code;
}

function keyText(
  kid: string,
  files: { readonly privateKey: string; readonly publicKey: string },
  tick: string,
): string {
  const rows = columns([
    ['private key', printable(files.privateKey)],
    ['public key', printable(files.publicKey)],
  ]);
  return `${tick} Key ${kid} was made.\n${rows}Give the private key to the gateway alone, and the public key to whoever verifies.\n`;
}
